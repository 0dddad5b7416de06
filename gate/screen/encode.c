#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

#include "gate/screen/qr.h"

enum fault
qr_encode(const char *text, char **ret_modules)
{
	size_t len = strnlen(text, QR_MOST + 1), count;
	QRcode *code;
	char *modules;

	if (len == 0 || len > QR_MOST)
		return FAULT_LIMIT;
	code = QRcode_encodeData(
	    (int)len, (const unsigned char *)text, 0, QR_ECLEVEL_L);
	if (code == NULL)
		return FAULT_MEMORY;
	count = (size_t)code->width * (size_t)code->width;
	modules = malloc(count + 1);
	for (size_t i = 0; modules != NULL && i < count; i++)
		modules[i] = (code->data[i] & 1) != 0 ? '1' : '0';
	QRcode_free(code);
	if (modules == NULL)
		return FAULT_MEMORY;
	modules[count] = '\0';
	*ret_modules = modules;
	return FAULT_NONE;
}
