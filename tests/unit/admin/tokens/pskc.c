#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/admin/tokens/seeds.h"
#include "tests/unit/fixture.h"

#define SPACE "urn:ietf:params:xml:ns:keyprov:pskc"
#define BEGIN                                                    \
	"<?xml version='1.0' encoding='UTF-8'?>\n<KeyContainer " \
	"Version='1.0' xmlns='" SPACE "'>\n"
#define END "</KeyContainer>\n"
#define FORMAT                                             \
	"<AlgorithmParameters><ResponseFormat Length='6' " \
	"Encoding='DECIMAL'/></AlgorithmParameters>"
#define SECRET \
	"<Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>"
#define COUNTER "<Counter><PlainValue>0</PlainValue></Counter>"
#define KEY(type, parameters, data, more)                              \
	BEGIN "<KeyPackage>\n<DeviceInfo><SerialNo>T1</SerialNo>"      \
	      "</DeviceInfo>\n<Key Id='k1' Algorithm='" SPACE ":" type \
	      "'>\n" parameters "\n<Data>\n" data "\n</Data>\n" more   \
	      "</Key></KeyPackage>\n" END

/* RFC 6030, figure 5 without its policy, and what pskctool writes. */
Test(seeds_pskc, reads_keys_in_plain)
{
	struct seeds seeds;
	const struct token *token;

	seeds_read(KEY("hotp",
		       "<AlgorithmParameters><ResponseFormat Length='8' "
		       "Encoding='DECIMAL'/></AlgorithmParameters>",
		       "<Secret>\n<PlainValue>MTIzNDU2Nzg5MDEyMzQ1\n"
		       "  Njc4OTA=</PlainValue></Secret>"
		       "<Counter><PlainValue> 42 </PlainValue></Counter>",
		       ""),
	    1, &seeds);
	token = &seeds.list.items[0].token;
	cr_expect_eq(seeds.form, SEEDS_PSKC);
	cr_expect_eq(seeds.list.items[0].line, 3);
	cr_expect_str_eq(token->serial, "T1");
	cr_expect_eq(token->type, DEVICE_HOTP);
	cr_expect_eq(token->digits, 8);
	cr_expect_eq(token->counter, 42);
	cr_expect_eq(token->algorithm, OTP_SHA1);
	cr_expect_arr_eq(token->secret.bytes, DIGITS, 20);
	seeds_done(&seeds);
	seeds_read(KEY("totp",
		       "<AlgorithmParameters><Suite>HMAC-SHA512</Suite>"
		       "<ResponseFormat Length='6' Encoding='DECIMAL' "
		       "CheckDigits='false'/></AlgorithmParameters>",
		       SECRET "<Time><PlainValue>0</PlainValue></Time>"
			      "<TimeInterval><PlainValue>60</PlainValue>"
			      "</TimeInterval><TimeDrift><PlainValue>0"
			      "</PlainValue></TimeDrift>",
		       "<Policy><PINPolicy PINUsageMode='Local'><x/>"
		       "</PINPolicy><KeyUsage>OTP</KeyUsage><ExpiryDate>x"
		       "</ExpiryDate></Policy>"),
	    1, &seeds);
	token = &seeds.list.items[0].token;
	cr_expect_eq(token->type, DEVICE_TOTP);
	cr_expect_eq(token->period_s, 60);
	cr_expect_eq(token->algorithm, OTP_SHA512);
	cr_expect_eq(seeds.notes.count, 1);
	cr_expect_not_null(strstr(seeds.notes.items[0].text, "ExpiryDate"));
	seeds_done(&seeds);
}

Test(seeds_pskc, reads_another_prefix_several_keys_and_additions)
{
	struct seeds seeds;

	seeds_read("\xef\xbb\xbf <p:KeyContainer xmlns:p='" SPACE
		   "' xmlns:m='urn:maker'><p:KeyPackage><p:DeviceInfo>"
		   "<p:Extensions><m:a><m:b>x</m:b></m:a></p:Extensions>"
		   "</p:DeviceInfo><p:CryptoModuleInfo><p:Id>i</p:Id>"
		   "</p:CryptoModuleInfo><p:Key Id='K-1' Algorithm='" SPACE
		   ":hotp'><p:Issuer>I</p:Issuer><p:AlgorithmParameters>"
		   "<p:ResponseFormat Length='6' Encoding='DECIMAL'/>"
		   "</p:AlgorithmParameters><p:Data><p:Secret><p:PlainValue>"
		   "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</p:PlainValue></p:Secret>"
		   "<p:Counter><p:PlainValue>1</p:PlainValue></p:Counter>"
		   "</p:Data></p:Key></p:KeyPackage><p:KeyPackage>"
		   "<p:DeviceInfo><p:SerialNo>T2</p:SerialNo></p:DeviceInfo>"
		   "<p:Key Id='K-1' Algorithm='" SPACE ":totp'>"
		   "<p:AlgorithmParameters><p:ResponseFormat Length='6' "
		   "Encoding='DECIMAL'/></p:AlgorithmParameters><p:Data>"
		   "<p:Secret><p:PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTE="
		   "</p:PlainValue></p:Secret></p:Data></p:Key></p:KeyPackage>"
		   "</p:KeyContainer>",
	    2, &seeds);
	cr_expect_str_eq(seeds.list.items[0].token.serial, "K-1");
	cr_expect_eq(seeds.list.items[0].token.counter, 1);
	cr_expect_str_eq(seeds.list.items[1].token.serial, "T2");
	cr_expect_eq(seeds.list.items[1].token.period_s, 30);
	seeds_done(&seeds);
}

Test(seeds_pskc, refuses_what_it_could_not_follow)
{
	static const struct {
		const char *text;
		int line;
		const char *says;
	} bad[] = {
	    {"<html>\n</html>", 1, "no PSKC"},
	    {"<KeyContainer/>", 1, "no PSKC"},
	    {BEGIN END, 0, "no token"},
	    {BEGIN "<KeyPackage>", 3, "no XML"},
	    {BEGIN "<KeyPackage></Key></KeyPackage>", 3, "no XML"},
	    {BEGIN "&amp;&nbsp;" END, 3, "no XML"},
	    {BEGIN "<EncryptionKey/>" END, 3, "encrypted"},
	    {BEGIN "<MACMethod/>" END, 3, "encrypted"},
	    {KEY("hotp", FORMAT, "<Secret><EncryptedValue/></Secret>" COUNTER,
		 ""),
		8, "pskctool"},
	    {BEGIN "<KeyPackage></KeyPackage>" END, 3, "this one has 0"},
	    {BEGIN "<KeyPackage><Key/><Key/></KeyPackage>" END, 3,
		"this one has 2"},
	    {BEGIN "<KeyPackage><Key/></KeyPackage>" END, 3, "no Algorithm"},
	    {KEY("ocra", FORMAT, SECRET COUNTER, ""), 5, "Algorithm must be"},
	    {KEY("hotp", "", SECRET COUNTER, ""), 3, "ResponseFormat"},
	    {KEY("hotp",
		 "<AlgorithmParameters><ResponseFormat Length='5' "
		 "Encoding='DECIMAL'/></AlgorithmParameters>",
		 SECRET COUNTER, ""),
		6, "6 to 8 digits"},
	    {KEY("hotp",
		 "<AlgorithmParameters><ResponseFormat Length='9' "
		 "Encoding='DECIMAL'/></AlgorithmParameters>",
		 SECRET COUNTER, ""),
		6, "at most 8"},
	    {KEY("hotp",
		 "<AlgorithmParameters><ResponseFormat Length='6' "
		 "Encoding='HEXADECIMAL'/></AlgorithmParameters>",
		 SECRET COUNTER, ""),
		6, "Encoding is HEXADECIMAL"},
	    {KEY("hotp",
		 "<AlgorithmParameters><ResponseFormat Length='6' "
		 "Encoding='DECIMAL' CheckDigits='true'/>"
		 "</AlgorithmParameters>",
		 SECRET COUNTER, ""),
		6, "CheckDigits"},
	    {KEY("hotp",
		 "<AlgorithmParameters><ChallengeFormat/>"
		 "</AlgorithmParameters>",
		 SECRET COUNTER, ""),
		6, "<ChallengeFormat> is not known"},
	    {KEY("hotp",
		 "<AlgorithmParameters><Suite>HMAC-MD5</Suite>"
		 "<ResponseFormat Length='6' Encoding='DECIMAL'/>"
		 "</AlgorithmParameters>",
		 SECRET COUNTER, ""),
		6, "no Suite"},
	    {KEY("hotp", FORMAT, SECRET, ""), 3, "no Counter"},
	    {KEY("hotp", FORMAT,
		 SECRET "<Counter><PlainValue>x</PlainValue></Counter>", ""),
		8, "no Counter"},
	    {KEY("hotp", FORMAT, COUNTER, ""), 3, "no Secret in plain"},
	    {KEY("hotp", FORMAT, SECRET "\n" SECRET COUNTER, ""), 9,
		"a second time"},
	    {KEY("hotp", FORMAT,
		 COUNTER "<Secret><PlainValue>MTIz"
			 "</PlainValue></Secret>",
		 ""),
		3, "3 bytes"},
	    {KEY("hotp", FORMAT,
		 COUNTER "\n<Secret><PlainValue>31323334353637</PlainValue>"
			 "</Secret>",
		 ""),
		9, "not base64"},
	    {KEY("hotp", FORMAT, SECRET COUNTER "\n<ValueMAC>x</ValueMAC>", ""),
		9, "<ValueMAC> is not known"},
	    {KEY("totp", FORMAT,
		 SECRET COUNTER "<TimeInterval><PlainValue>10</PlainValue>"
				"</TimeInterval>",
		 ""),
		8, "15 to 300"},
	    {KEY("totp", FORMAT,
		 SECRET "<Time><PlainValue>7</PlainValue></Time>", ""),
		8, "Time is not 0"},
	    {KEY("totp", FORMAT,
		 SECRET "<TimeDrift><PlainValue>4</PlainValue></TimeDrift>",
		 ""),
		8, "TimeDrift"},
	    {KEY("totp", FORMAT,
		 SECRET "<Counter><PlainValue>4</PlainValue></Counter>", ""),
		8, "no Counter"},
	    {KEY("hotp", FORMAT, SECRET COUNTER,
		 "<Policy><PINPolicy PINUsageMode='Append'/></Policy>"),
		10, "PINUsageMode is Append"},
	    {KEY("hotp", FORMAT, SECRET COUNTER,
		 "<Policy><PINPolicy/></Policy>"),
		10, "PINUsageMode is missing"},
	    {KEY("hotp", FORMAT, SECRET COUNTER,
		 "<Policy><KeyUsage>Sign</KeyUsage></Policy>"),
		10, "KeyUsage is Sign"},
	    {KEY("hotp", FORMAT, SECRET COUNTER,
		 "<Policy><NumberOfTransactions>9</NumberOfTransactions>"
		 "</Policy>"),
		10, "<NumberOfTransactions> is not known"},
	    {KEY("hotp", FORMAT, SECRET COUNTER "<x xmlns='urn:y'/>", ""), 8,
		"<x> is not known"},
	    {BEGIN "<KeyPackage><DeviceInfo><SerialNo>a b</SerialNo>"
		   "</DeviceInfo><Key Algorithm='" SPACE ":hotp'>" FORMAT
		   "<Data>" SECRET COUNTER "</Data></Key></KeyPackage>" END,
		3, "\"a b\" is no serial number"},
	};

	for (size_t i = 0; i < COUNT(bad); i++)
		seeds_refused(bad[i].text, bad[i].line, bad[i].says);
}

/* No entity grows, and none reads a file. */
Test(seeds_pskc, refuses_a_document_type)
{
	seeds_refused("<?xml version='1.0'?>\n<!DOCTYPE l [\n"
		      "<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;'>"
		      "]>\n<KeyContainer xmlns='" SPACE "'>&b;" END,
	    2, "document type");
	seeds_refused(
	    "<?xml version='1.0'?>\n<!DOCTYPE l SYSTEM "
	    "'/etc/passwd'>\n" KEY("hotp", FORMAT, SECRET COUNTER, ""),
	    2, "document type");
}

/* Every bad key is named, not only the first. */
Test(seeds_pskc, names_each_bad_key)
{
	struct seeds seeds;

	cr_expect_eq(
	    seeds_of(BEGIN "<KeyPackage/>\n<KeyPackage/>\n<KeyPackage/>" END,
		&seeds),
	    FAULT_FORMAT);
	cr_expect_eq(seeds.wrong_count, 3);
	cr_expect_eq(seeds.wrong.items[2].line, 5);
	seeds_done(&seeds);
}

Test(seeds_pskc, does_not_go_deeper_than_its_own_elements)
{
	static char text[200000] = BEGIN "<KeyPackage><DeviceInfo><Extensions>";
	struct seeds seeds;

	for (int i = 0; i < 40000; i++)
		strcat(text + 100, "<a>");
	cr_expect_eq(seeds_of(text, &seeds), FAULT_FORMAT);
	cr_expect_eq(seeds.wrong_count, 1);
	seeds_done(&seeds);
}
