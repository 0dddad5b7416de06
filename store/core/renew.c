#include "store/core/renew.h"

#include <openssl/crypto.h>
#include <string.h>

#include "store/core/onetime.h"
#include "store/core/spent.h"
#include "store/core/typed.h"
#include "store/import/import.h"

static bool
is_at_terminal(const struct login *login)
{
	return login->terminal && login->shell && !login->door &&
	    !login->proof && login->connection[0] != '\0';
}

bool
renew_allow(const struct policy *policy, struct record *record,
    const struct login *login, const char *code)
{
	int64_t most = policy->enrollment.max_devices;

	renew_end(record);
	if (!is_at_terminal(login) || (int64_t)record->devices.count >= most ||
	    !spent_hash(login, code, record->renewal.code))
		return false;
	record->renewal.present = true;
	record->renewal.until_s = login->now_s + RENEW_S;
	return true;
}

bool
renew_is_allowed(const struct record *record, const struct login *login,
    const char *typed, size_t len)
{
	const struct renewal *renewal = &record->renewal;
	int64_t left_s = renewal->until_s - login->now_s;
	char code[ONETIME_CHARS + 1] = "", digits[SCRATCH_TEXT] = "";
	char hash[HASH_TEXT] = "";
	bool is_one_time = onetime_read(typed, len, code);
	bool same;

	if (!renewal->present || left_s <= 0 || left_s > RENEW_S)
		return false;
	if (!is_one_time) {
		typed_plain(typed, len, digits, sizeof(digits));
		if (!import_is_scratch(digits, strlen(digits)))
			return false;
	}
	same = spent_hash(login, is_one_time ? code : digits, hash) &&
	    CRYPTO_memcmp(hash, renewal->code, sizeof(hash)) == 0;
	OPENSSL_cleanse(code, sizeof(code));
	OPENSSL_cleanse(digits, sizeof(digits));
	return same;
}

void
renew_end(struct record *record)
{
	record->renewal = (struct renewal){.present = false};
}
