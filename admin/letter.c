#include <stdio.h>

#include "admin/escape.h"
#include "admin/letter.h"
#include "gate/screen/qr.h"
#include "store/base/cleanup.h"

/* One page of A4 holds it with the longest names. */
static const char style[] =
    "@page{size:A4;margin:18mm}"
    "*{box-sizing:border-box}"
    "body{font:11pt/1.45 sans-serif;color:#000;background:#fff;"
    "max-width:174mm;margin:0 auto;padding:4mm;overflow-wrap:anywhere}"
    "h1{font-size:17pt;line-height:1.2;margin:0 0 2mm}"
    "h2{font-size:12pt;margin:6mm 0 2mm}"
    "p,ol{margin:0 0 3mm}li{margin:0 0 1.5mm}"
    ".device{display:flex;flex-wrap:wrap;gap:8mm;align-items:center;"
    "break-inside:avoid}"
    ".device svg{width:56mm;height:56mm;flex:none}"
    ".key,.codes{font:12pt/1.6 monospace;margin:0}"
    ".codes{columns:2 50mm;white-space:nowrap;list-style:none;padding:0;max-width:120mm;"
    "break-inside:avoid}"
    "@media print{body{padding:0}}";

static void
put_head(FILE *out, const struct letter *letter)
{
	fprintf(out,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta http-equiv=\"Content-Security-Policy\" "
	    "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width\">\n"
	    "<title>Two-step verification for ");
	escape_html(out, letter->reply->user);
	fprintf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n", style);
	fputs("<h1>Your second step for logins</h1>\n<p>For <b>", out);
	escape_html(out, letter->reply->user);
	fputs("</b> on <b>", out);
	escape_html(out, letter->host);
	fputs("</b> (", out);
	escape_html(out, letter->reply->issuer);
	fputs(")</p>\n", out);
}

static void
put_steps(FILE *out, const struct letter *letter)
{
	fprintf(out,
	    "<ol>\n"
	    "<li>Install an authenticator app on your phone, such as %s.</li>\n",
	    scan_counts(letter->scan)
		? "Google Authenticator, FreeOTP or Aegis: it must know "
		  "counted codes (HOTP)"
		: "Google Authenticator, Duo Mobile, Authy or Microsoft "
		  "Authenticator");
	fputs("<li>Add an account in the app: scan this code, or type the "
	      "key.</li>\n"
	      "<li>Log in to ",
	    out);
	escape_html(out, letter->host);
	fputs(" with ssh as usual, and type the six digits that the app shows "
	      "when you are asked for a verification code.</li>\n"
	      "<li>Keep the recovery codes in a safe place, away from the "
	      "phone: each lets you in once without it.</li>\n"
	      "<li>Then destroy this code and key: whoever has them has your "
	      "second step.</li>\n"
	      "</ol>\n",
	    out);
}

static void
letter_key(FILE *out, const char *secret)
{
	fputs("<p class=\"key\">", out);
	for (size_t i = 0; secret[i] != '\0'; i += 4)
		fprintf(out, "%s%.4s",
		    i == 0            ? ""
			: i % 16 == 0 ? "<br>"
				      : " ",
		    secret + i);
	fputs("</p>\n", out);
}

static void
put_codes(FILE *out, const struct reply *reply)
{
	fputs("<h2>Recovery codes</h2>\n", out);
	if (reply->codes.count == 0) {
		fputs("<p>No new ones: those that you have stay good.</p>\n",
		    out);
		return;
	}
	fputs("<ul class=\"codes\">\n", out);
	for (size_t i = 0; i < reply->codes.count; i++) {
		fputs("<li>", out);
		escape_html(out, reply->codes.items[i].text);
		fputs("</li>\n", out);
	}
	fputs("</ul>\n", out);
}

char *
letter_text(const struct letter *letter)
{
	scoped_json_text char *svg = NULL, *text = NULL;
	struct qr code;
	size_t len = 0;
	bool failed;
	FILE *out;

	if (letter->scan->modules == NULL ||
	    !qr_read(letter->scan->modules, &code) ||
	    qr_svg(&code, &svg) != FAULT_NONE)
		return NULL;
	out = open_memstream(&text, &len);
	if (out == NULL)
		return NULL;
	put_head(out, letter);
	put_steps(out, letter);
	fprintf(out, "<div class=\"device\">\n%s<div>\n<h2>Key</h2>\n", svg);
	letter_key(out, letter->reply->secret);
	fputs("</div>\n</div>\n", out);
	put_codes(out, letter->reply);
	fputs("</body>\n</html>\n", out);
	failed = ferror(out);
	if (fclose(out) != 0 || failed)
		return NULL;
	return take(text);
}
