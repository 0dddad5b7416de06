#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

#include "store/link/secrets.h"

static BIO *
bio_of(const char *text)
{
	return BIO_new_mem_buf(text, (int)strlen(text));
}

static X509 *
first_certificate(const char *pem)
{
	BIO *bio = bio_of(pem);
	X509 *found = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL)
				  : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return found;
}

bool
certificate_ends(const char *pem, int64_t *ret_ends_s)
{
	X509 *certificate = first_certificate(pem);
	struct tm tm;
	bool works = certificate != NULL &&
	    ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) == 1;

	if (works)
		*ret_ends_s = timegm(&tm);
	X509_free(certificate);
	return works;
}

/* A key with a passphrase is none: nobody is there to type it. */
static int
no_passphrase(char *buffer, int size, int writing, void *ctx)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)ctx;
	return -1;
}

bool
certificate_has_key(const char *pem, const char *key)
{
	X509 *certificate = first_certificate(pem);
	BIO *bio = bio_of(key);
	EVP_PKEY *pair = bio != NULL
	    ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL)
	    : NULL;
	bool fits = certificate != NULL && pair != NULL &&
	    X509_check_private_key(certificate, pair) == 1;

	BIO_free(bio);
	EVP_PKEY_free(pair);
	X509_free(certificate);
	ERR_clear_error();
	return fits;
}
