#include "admin/report/style.h"

#include <stdio.h>
#include <string.h>

#include "store/base/hash.h"

/* clang-format off */
const char style_text[] =
    ":root{color-scheme:light dark;--bg:#fff;--fg:#1b1f23;--soft:#57606a;"
    "--rule:#d0d7de;--main:#1f5fa8;--area:#cfe0f3}\n"
    "@media screen and (prefers-color-scheme:dark){:root{--bg:#14181d;"
    "--fg:#e6e9ec;--soft:#a9b3bd;--rule:#3a434d;--main:#86bdf5;"
    "--area:#274463}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;padding:1rem;max-width:60rem;background:var(--bg);"
    "color:var(--fg);font:16px/1.5 system-ui,sans-serif;"
    "overflow-wrap:break-word}\n"
    "h1{font-size:1.7rem;line-height:1.2;margin:.5rem 0}\n"
    "h2{font-size:1.3rem;margin:2.2rem 0 .5rem;padding-top:.6rem;"
    "border-top:1px solid var(--rule)}\n"
    "h3{font-size:1.05rem;margin:1.4rem 0 .3rem}\n"
    "p{margin:.5rem 0}li{margin:.3rem 0}\n"
    "ul,ol{padding-left:1.4rem}\n"
    "code,.code{font:.9em/1.4 ui-monospace,monospace}\n"
    "a{color:var(--main)}\n"
    "nav ul{columns:2;margin:.5rem 0}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;"
    "margin:.8rem 0}dt{color:var(--soft)}dd{margin:0}\n"
    ".summary{border-left:4px solid var(--main);padding:.1rem 1rem}\n"
    "table{border-collapse:collapse;width:100%;margin:1rem 0;font-size:.92rem;"
    "font-variant-numeric:tabular-nums}\n"
    "caption{text-align:left;font-weight:600;padding:.3rem 0}\n"
    "th,td{text-align:left;vertical-align:top;padding:.3rem .7rem .3rem 0;"
    "border-bottom:1px solid var(--rule);font-weight:400;min-width:5em;"
    "overflow-wrap:anywhere}\n"
    "tbody th{min-width:8em}\n"
    "thead th{color:var(--soft);font-size:.85rem}\n"
    "time{white-space:nowrap}\n"
    "figure{margin:1.2rem 0}figcaption{font-weight:600}\n"
    "svg{display:block;width:100%;height:auto}\n"
    "svg.share{width:161px;height:14px}\n"
    "svg.sample{display:inline-block;width:25px;height:14px;"
    "vertical-align:-2px}\n"
    "svg.defs{position:absolute;width:0;height:0}\n"
    ".x,.y,.about{margin:0;color:var(--soft);font-size:.85rem}\n"
    ".x{display:flex;justify-content:space-between}\n"
    ".axis{stroke:var(--rule);fill:none}\n"
    ".bar,.done{fill:var(--main)}.area{fill:var(--area)}\n"
    ".line{fill:none;stroke:var(--main);stroke-width:2}\n"
    ".done,.waiting,.late,.rest{stroke:var(--fg);stroke-width:1}\n"
    ".waiting{fill:url(#stripes)}.late{fill:url(#dots)}.rest{fill:none}\n"
    ".hatch{stroke:var(--main);stroke-width:1.5}.dot{fill:var(--fg)}\n"
    ".legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;padding:0;"
    "list-style:none;font-size:.9rem}\n"
    ".fail{font-weight:700}\n"
    "@media (max-width:40rem){nav ul{columns:1}th,td{min-width:3em}\n"
    ".wide,.wide :is(tbody,tr,th,td,caption){display:block}\n"
    ".wide thead{position:absolute;width:1px;height:1px;overflow:hidden;"
    "clip-path:inset(50%)}\n"
    ".wide tr{border-bottom:1px solid var(--rule);padding:.4rem 0}\n"
    ".wide :is(tbody th,td){display:grid;"
    "grid-template-columns:7rem minmax(0,1fr);gap:.5rem;border:0;"
    "padding:.1rem 0}\n"
    ".wide tbody th{font-weight:600}\n"
    ".wide :is(tbody th,td)::before{content:attr(data-h);color:var(--soft);"
    "font-weight:400}}\n"
    "@page{margin:15mm}\n"
    "@media print{body{max-width:none;padding:0;font-size:10pt}nav{display:none}"
    "h2,h3,caption{break-after:avoid}figure,tr,li{break-inside:avoid}}\n";
/* clang-format on */

/* RFC 4648 base64, of a number of bytes that is not a multiple of three. */
static void
write_base64(const uint8_t *bytes, size_t len, char *ret)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		uint32_t n = (uint32_t)bytes[i] << 16;

		if (i + 1 < len)
			n |= (uint32_t)bytes[i + 1] << 8;
		if (i + 2 < len)
			n |= bytes[i + 2];
		*ret++ = digits[n >> 18];
		*ret++ = digits[n >> 12 & 63];
		*ret++ = (char)(i + 1 < len ? digits[n >> 6 & 63] : '=');
		*ret++ = (char)(i + 2 < len ? digits[n & 63] : '=');
	}
	*ret = '\0';
}

bool
style_hash(char ret[static STYLE_HASH])
{
	uint8_t hash[HASH_BYTES];

	memcpy(ret, "sha256-", 8);
	if (!hash_bytes(style_text, strlen(style_text), hash))
		return false;
	write_base64(hash, sizeof(hash), ret + 7);
	return true;
}
