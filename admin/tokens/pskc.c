/*
 * PSKC (RFC 6030), by expat: keys in plain, of tokens that make codes.
 *
 * The table below has the elements that may be there.  Any other is refused: it
 * may say how codes are made.  A document type is refused, and with it every
 * entity of its own: none grows, and none reads a file.
 */
#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "admin/tokens/pskc.h"

#define NAMESPACE "urn:ietf:params:xml:ns:keyprov:pskc"
#define SEPARATOR '\n'
#define PATH      256
#define DEPTH     16

enum act {
	ENTER, /* look at what is within */
	ASIDE, /* leave aside, with all that is within */
	TEXT,  /* it has a text of the key */
	PACKAGE,
	KEY,
	RESPONSE,
	PIN,
	CIPHER, /* it is encrypted */
};

#define PACKAGED "KeyContainer/KeyPackage"
#define KEYED    PACKAGED "/Key"
#define DATA     KEYED "/Data"

static const struct element {
	const char *path;
	enum act act;
	enum pskc_part part; /* of TEXT */
} elements[] = {
    {"KeyContainer", ENTER, 0},
    {"KeyContainer/EncryptionKey", CIPHER, 0},
    {"KeyContainer/MACMethod", CIPHER, 0},
    {"KeyContainer/Signature", ASIDE, 0},
    {"KeyContainer/Extensions", ASIDE, 0},
    {PACKAGED, PACKAGE, 0},
    {PACKAGED "/DeviceInfo", ENTER, 0},
    {PACKAGED "/DeviceInfo/SerialNo", TEXT, PSKC_SERIAL},
    {PACKAGED "/DeviceInfo/Manufacturer", ASIDE, 0},
    {PACKAGED "/DeviceInfo/Model", ASIDE, 0},
    {PACKAGED "/DeviceInfo/IssueNo", ASIDE, 0},
    {PACKAGED "/DeviceInfo/DeviceBinding", ASIDE, 0},
    {PACKAGED "/DeviceInfo/StartDate", ASIDE, 0},
    {PACKAGED "/DeviceInfo/ExpiryDate", ASIDE, 0},
    {PACKAGED "/DeviceInfo/UserId", ASIDE, 0},
    {PACKAGED "/DeviceInfo/Extensions", ASIDE, 0},
    {PACKAGED "/CryptoModuleInfo", ASIDE, 0},
    {PACKAGED "/Extensions", ASIDE, 0},
    {KEYED, KEY, 0},
    {KEYED "/Issuer", ASIDE, 0},
    {KEYED "/KeyProfileId", ASIDE, 0},
    {KEYED "/KeyReference", ASIDE, 0},
    {KEYED "/FriendlyName", ASIDE, 0},
    {KEYED "/UserId", ASIDE, 0},
    {KEYED "/Extensions", ASIDE, 0},
    {KEYED "/AlgorithmParameters", ENTER, 0},
    {KEYED "/AlgorithmParameters/Suite", TEXT, PSKC_SUITE},
    {KEYED "/AlgorithmParameters/ResponseFormat", RESPONSE, 0},
    {DATA, ENTER, 0},
    {DATA "/Secret", ENTER, 0},
    {DATA "/Secret/PlainValue", TEXT, PSKC_SECRET},
    {DATA "/Secret/EncryptedValue", CIPHER, 0},
    {DATA "/Counter", ENTER, 0},
    {DATA "/Counter/PlainValue", TEXT, PSKC_COUNTER},
    {DATA "/Counter/EncryptedValue", CIPHER, 0},
    {DATA "/Time", ENTER, 0},
    {DATA "/Time/PlainValue", TEXT, PSKC_TIME},
    {DATA "/TimeInterval", ENTER, 0},
    {DATA "/TimeInterval/PlainValue", TEXT, PSKC_INTERVAL},
    {DATA "/TimeDrift", ENTER, 0},
    {DATA "/TimeDrift/PlainValue", TEXT, PSKC_DRIFT},
    {KEYED "/Policy", ENTER, 0},
    {KEYED "/Policy/StartDate", ASIDE, 0},
    {KEYED "/Policy/ExpiryDate", ASIDE, 0},
    {KEYED "/Policy/PINPolicy", PIN, 0},
    {KEYED "/Policy/KeyUsage", TEXT, PSKC_USAGE},
};

struct pskc {
	struct seeds *seeds;
	XML_Parser parser;
	char path[PATH]; /* of elements that are looked at */
	size_t lens[DEPTH];
	int depth;
	int aside; /* how deep we are in what is left aside; 0: not */
	const struct element *text; /* whose text is read */
	struct pskc_key key;
	bool stopped, dated;
};

/* Newer releases of expat want another function there, which older ones lack.
 * A file of this size has no line that an int cannot count. */
static int
line_now(const struct pskc *p)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	return (int)XML_GetCurrentLineNumber(p->parser);
#pragma GCC diagnostic pop
}

/* Later mistakes would only follow from this one. */
static void
stop(struct pskc *p)
{
	p->stopped = true;
	XML_StopParser(p->parser, XML_FALSE);
}

static void
gather_text(struct pskc *p, enum pskc_part part, const char *text, size_t len)
{
	char *at = p->key.texts[part];
	size_t so_far = strlen(at);

	p->key.lines[part] = line_now(p);
	if (so_far + len >= PSKC_TEXT) {
		seeds_refuse(p->seeds, line_now(p),
		    "a text is longer than %d bytes", PSKC_TEXT - 1);
		stop(p);
		return;
	}
	memcpy(at + so_far, text, len);
	at[so_far + len] = '\0';
}

/* True, after a refusal, for an element that the key has already. */
static bool
is_twice(struct pskc *p, enum pskc_part part, const char *name)
{
	if (p->key.lines[part] == 0)
		return false;
	seeds_refuse(p->seeds, line_now(p),
	    "%.60s stands there a second time for one key", name);
	stop(p);
	return true;
}

static const char *
attribute(const XML_Char **attributes, const char *name)
{
	for (; *attributes != NULL; attributes += 2)
		if (strcmp(attributes[0], name) == 0)
			return attributes[1];
	return NULL;
}

static void
put_attribute(struct pskc *p, const XML_Char **attributes, const char *name,
    enum pskc_part part)
{
	const char *text = attribute(attributes, name);

	if (text != NULL && !is_twice(p, part, name))
		gather_text(p, part, text, strlen(text));
}

static void
begin_package(struct pskc *p)
{
	explicit_bzero(&p->key, sizeof(p->key));
	p->key.line = line_now(p);
}

static void
begin_response(struct pskc *p, const XML_Char **attributes)
{
	put_attribute(p, attributes, "Length", PSKC_LENGTH);
	put_attribute(p, attributes, "Encoding", PSKC_ENCODING);
	put_attribute(p, attributes, "CheckDigits", PSKC_CHECK_DIGITS);
}

static void
begin_pin(struct pskc *p, const XML_Char **attributes)
{
	put_attribute(p, attributes, "PINUsageMode", PSKC_PIN_MODE);
	/* Without it the RFC leaves open how the PIN is used. */
	if (!p->stopped && p->key.lines[PSKC_PIN_MODE] == 0)
		gather_text(p, PSKC_PIN_MODE, "missing", strlen("missing"));
}

static void
refuse_cipher(struct pskc *p)
{
	seeds_refuse(p->seeds, line_now(p),
	    "the secrets are encrypted: decrypt the file first, with the key or "
	    "password that the maker gave you, by pskctool or pskc2csv");
	stop(p);
}

static void
act_on(
    struct pskc *p, const struct element *element, const XML_Char **attributes)
{
	switch (element->act) {
	case ENTER:
		break;
	case ASIDE:
		p->aside = 1;
		p->dated |= strstr(element->path, "ExpiryDate") != NULL;
		break;
	case TEXT:
		if (!is_twice(p, element->part, strrchr(p->path, '/') + 1)) {
			p->text = element;
			p->key.lines[element->part] = line_now(p);
		}
		break;
	case PACKAGE:
		begin_package(p);
		break;
	case KEY:
		p->key.keys++;
		put_attribute(p, attributes, "Id", PSKC_ID);
		put_attribute(p, attributes, "Algorithm", PSKC_ALGORITHM);
		break;
	case RESPONSE:
		begin_response(p, attributes);
		break;
	case PIN:
		begin_pin(p, attributes);
		p->aside = 1;
		break;
	case CIPHER:
		refuse_cipher(p);
		break;
	}
}

/* The name in PSKC's own namespace; NULL for any other's. */
static const char *
own_name(const XML_Char *name)
{
	const size_t len = sizeof(NAMESPACE) - 1;

	return strncmp(name, NAMESPACE, len) == 0 && name[len] == SEPARATOR
	    ? name + len + 1
	    : NULL;
}

static const struct element *
find_element(const char *path)
{
	for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++)
		if (strcmp(elements[i].path, path) == 0)
			return &elements[i];
	return NULL;
}

/* Signatures and makers' additions are of other namespaces. */
static void
refuse_element(struct pskc *p, const XML_Char *name)
{
	const char *bare = strrchr(name, SEPARATOR);

	bare = bare != NULL ? bare + 1 : name;
	if (p->depth == 0)
		seeds_refuse(p->seeds, line_now(p),
		    "it is XML, but no PSKC (RFC 6030): it begins with <%.60s>, "
		    "and not with <KeyContainer> of " NAMESPACE,
		    bare);
	else
		seeds_refuse(p->seeds, line_now(p),
		    "<%.60s> is not known here, and may say how codes are made",
		    bare);
	stop(p);
}

/* Goes one element deeper.  False: the path is too long or too deep. */
static bool
enter_element(struct pskc *p, const char *name)
{
	size_t len = strlen(p->path), more = strlen(name);

	if (p->depth == DEPTH || len + more + 2 > sizeof(p->path))
		return false;
	p->lens[p->depth++] = len;
	if (len > 0)
		p->path[len++] = '/';
	memcpy(p->path + len, name, more + 1);
	return true;
}

static void XMLCALL
on_element(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
	struct pskc *p = ctx;
	const char *own = own_name(name);
	const struct element *element = NULL;

	if (p->stopped)
		return;
	if (p->aside > 0) {
		p->aside++;
		return;
	}
	if (own == NULL && p->depth == 1 &&
	    strcmp(name, "http://www.w3.org/2000/09/xmldsig#\nSignature") == 0)
		own = "Signature";
	if (own != NULL && p->text == NULL && enter_element(p, own))
		element = find_element(p->path);
	if (element != NULL)
		act_on(p, element, attributes);
	else
		refuse_element(p, name);
}

static bool
is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Base64 may be broken into lines; other texts have blanks around them. */
static void
end_text(struct pskc *p)
{
	char *text = p->key.texts[p->text->part];
	bool all = p->text->part == PSKC_SECRET;
	size_t len = strlen(text), kept = 0;

	while (len > 0 && is_white(text[len - 1]))
		len--;
	for (size_t i = 0; i < len; i++)
		if (!is_white(text[i]) || (kept > 0 && !all))
			text[kept++] = text[i];
	text[kept] = '\0';
	p->text = NULL;
}

static void XMLCALL
on_element_end(void *ctx, const XML_Char *name)
{
	struct pskc *p = ctx;

	(void)name;
	if (p->stopped || (p->aside > 0 && --p->aside > 0))
		return;
	if (p->text != NULL)
		end_text(p);
	if (strcmp(p->path, PACKAGED) == 0) {
		pskc_judge(p->seeds, &p->key);
		begin_package(p);
	}
	p->path[p->lens[--p->depth]] = '\0';
}

static void XMLCALL
on_text(void *ctx, const XML_Char *text, int len)
{
	struct pskc *p = ctx;

	if (p->text != NULL && p->aside == 0 && !p->stopped)
		gather_text(p, p->text->part, text, (size_t)len);
}

static void XMLCALL
on_doctype(void *ctx, const XML_Char *name, const XML_Char *sysid,
    const XML_Char *pubid, int has_internal_subset)
{
	struct pskc *p = ctx;

	(void)name;
	(void)sysid;
	(void)pubid;
	(void)has_internal_subset;
	seeds_refuse(p->seeds, line_now(p),
	    "it has a document type (<!DOCTYPE), which PSKC does not need: take "
	    "it out");
	stop(p);
}

static void
parse(struct pskc *p, const char *text, size_t len)
{
	XML_SetUserData(p->parser, p);
	XML_SetElementHandler(p->parser, on_element, on_element_end);
	XML_SetCharacterDataHandler(p->parser, on_text);
	XML_SetStartDoctypeDeclHandler(p->parser, on_doctype);
	if (XML_Parse(p->parser, text, (int)len, XML_TRUE) != XML_STATUS_OK &&
	    !p->stopped)
		seeds_refuse(p->seeds, line_now(p), "it is no XML: %s",
		    XML_ErrorString(XML_GetErrorCode(p->parser)));
	if (p->dated)
		seeds_note(p->seeds, 0,
		    "an ExpiryDate is left aside: take a token away by "
		    "tfa-admin revoke when its time is over");
}

void
seeds_parse_pskc(struct seeds *seeds, const char *text, size_t len)
{
	struct pskc *p = calloc(1, sizeof(*p));

	if (p != NULL)
		p->parser = XML_ParserCreateNS(NULL, SEPARATOR);
	if (p == NULL || p->parser == NULL) {
		free(p);
		seeds->failed = true;
		return;
	}
	p->seeds = seeds;
	parse(p, text, len);
	XML_ParserFree(p->parser);
	explicit_bzero(p, sizeof(*p));
	free(p);
}
