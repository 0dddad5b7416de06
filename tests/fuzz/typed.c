#include <string.h>

#include "cleanup.h"
#include "fuzz.h"
#include "onetime.h"
#include "verify.h"

/* What somebody types at the prompt. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_free char *typed = fuzz_text(data, size);
	char digits[OTP_DIGITS_MAX + 1], code[ONETIME_CHARS + 1];
	char again[ONETIME_CHARS + 1], text[ONETIME_TEXT];
	bool is_digits = verify_digits(typed, size, digits);
	bool is_code = onetime_read(typed, size, code);

	must(!(is_digits && is_code));
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
