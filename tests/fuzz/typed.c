#include <string.h>

#include "store/base/cleanup.h"
#include "tests/fuzz/fuzz.h"
#include "store/core/onetime.h"
#include "store/core/typed.h"
#include "store/base/utf8.h"
#include "store/core/verify.h"

/* Text that somebody types at the prompt. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_free char *typed = fuzz_text(data, size);
	char digits[OTP_DIGITS_MAX + 1], code[ONETIME_CHARS + 1];
	char again[ONETIME_CHARS + 1], text[ONETIME_TEXT];
	char plain[65], twice[65], same[OTP_DIGITS_MAX + 1];
	bool is_digits = verify_digits(typed, size, digits);
	bool is_code = onetime_read(typed, size, code);

	must(!(is_digits && is_code));
	typed_plain(typed, size, plain, sizeof(plain));
	must(utf8_is_clean(plain));
	typed_plain(plain, strlen(plain), twice, sizeof(twice));
	must(strcmp(plain, twice) == 0);
	/* Gate and keeper read the same code, whether it was read once or
	 * twice. */
	must(verify_digits(plain, strlen(plain), same) == is_digits);
	must(strcmp(digits, same) == 0);
	must(onetime_read(plain, strlen(plain), again) == is_code);
	must(strspn(digits, "0123456789") == strlen(digits));
	must(is_digits == (strlen(digits) >= OTP_DIGITS_MIN));
	must(strlen(code) == (is_code ? ONETIME_CHARS : 0));
	must(strspn(code, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == strlen(code));
	if (is_code)
		must(onetime_read(code, strlen(code), again) &&
		    strcmp(code, again) == 0);
	if (size >= ONETIME_BYTES) {
		onetime_format(data, text);
		must(onetime_read(text, strlen(text), code));
	}
	return 0;
}
