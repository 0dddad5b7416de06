#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/admin/tokens/seeds.h"
#include "tests/unit/fixture.h"

#define HEAD "serial,secret,type\n"

Test(seeds_csv, reads_what_makers_write)
{
	static const char *const files[] = {
	    "upn,serial number,secret key,time interval,manufacturer,model\n"
	    "a@b,T1," HEX ",30,Maker,M1\n",
	    "upn,Serial Number,Secret Key,Time Interval\r\n,T1," BASE ",30\r\n",
	    "\xef\xbb\xbfSERIAL;SEED;PERIOD\r\nT1;" HEX ";30\r\n\r\n",
	    "serial_no\tsecret_hex\tperiod\nT1\t" HEX "\t30",
	    "period,secret,serial\n30,\"3132 3334 3536 3738 3930 3132 3334 "
	    "3536 3738 3930\",T1\n,,\n",
	    "otpkey,serial,type,otplen,hashlib\n" HEX ",T1,TOTP,6,sha1\n",
	    "Serial , \"Secret\" , Time-Step\n \"T1\" , " BASE "======, 30 \n",
	    "serial,secret,period\nT1,0x" HEX ",30\n",
	    "serial,secret,period,counter\nT1,gezdgnbvgy3tqojqgezdgnbvgy3tqojq"
	    ",30,\n",
	};

	for (size_t i = 0; i < COUNT(files); i++) {
		struct seeds seeds;
		const struct token *token;

		seeds_read(files[i], 1, &seeds);
		token = &seeds.list.items[0].token;
		cr_expect_eq(seeds.form, SEEDS_CSV);
		cr_expect_str_eq(token->serial, "T1");
		cr_expect_eq(token->type, DEVICE_TOTP, "%s", files[i]);
		cr_expect_eq(token->algorithm, OTP_SHA1);
		cr_expect_eq(token->digits, 6);
		cr_expect_eq(token->period_s, 30);
		cr_expect_eq(token->secret.len, 20);
		cr_expect_arr_eq(token->secret.bytes, DIGITS, 20);
		cr_expect_eq(seeds.list.items[0].line, 2);
		seeds_done(&seeds);
	}
}

Test(seeds_csv, reads_both_types_with_all_that_they_have)
{
	struct seeds seeds;
	const struct token *one, *other;

	seeds_read("type,serial,digits,secret,algorithm,period,counter\n"
		   "event,A.b-1_2,8," HEX ",HMAC-SHA256,,41\n"
		   "\n"
		   "time-based,B,7," HEX1 ",SHA-512,60,0\n",
	    2, &seeds);
	one = &seeds.list.items[0].token;
	other = &seeds.list.items[1].token;
	cr_expect_eq(one->type, DEVICE_HOTP);
	cr_expect_eq(one->digits, 8);
	cr_expect_eq(one->algorithm, OTP_SHA256);
	cr_expect_eq(one->counter, 41);
	cr_expect_eq(one->period_s, 0);
	cr_expect_eq(other->type, DEVICE_TOTP);
	cr_expect_eq(other->digits, 7);
	cr_expect_eq(other->algorithm, OTP_SHA512);
	cr_expect_eq(other->period_s, 60);
	cr_expect_eq(other->counter, 0);
	cr_expect_eq(seeds.list.items[1].line, 4);
	cr_expect_eq(seeds.notes.count, 0);
	seeds_done(&seeds);
}

Test(seeds_csv, says_what_is_taken_for_granted_and_left_aside)
{
	struct seeds seeds;
	char notes[1024] = "";

	seeds_read("serial,secret,type,model\nT1," HEX ",totp,M\n", 1, &seeds);
	list_each(const struct seed_line, note, seeds.notes)
		snprintf(notes + strlen(notes), sizeof(notes) - strlen(notes),
		    "%s\n", note->text);
	cr_expect_not_null(strstr(notes, "\"model\" is left aside"));
	cr_expect_not_null(strstr(notes, "codes have 6"));
	cr_expect_not_null(strstr(notes, "it is SHA1"));
	seeds_done(&seeds);
}

/* Each bad line is named, and what is wrong with it. */
Test(seeds_csv, refuses_bad_lines_by_their_number)
{
	static const struct {
		const char *text;
		int line;
		const char *says;
	} bad[] = {
	    {"", 0, "empty"},
	    {"\n\n  \n", 0, "empty"},
	    {HEAD, 0, "no token"},
	    {"T1," HEX "\n", 1, "is no column"},
	    {"serial,secret\nT1," HEX "\n", 1, "by time or count"},
	    {"serial,type\nT1,totp\n", 1, "no column is called \"secret\""},
	    {"secret,type\n" HEX ",totp\n", 1,
		"no column is called \"serial\""},
	    {"serial,secret,seed,type\nT1," HEX "," HEX ",totp\n", 1,
		"mean the same"},
	    {"serial,secret,type,pin\nT1," HEX ",totp,1\n", 1,
		"\"pin\" is no column"},
	    {HEAD "T1," HEX "\n", 2, "it has 2 cells"},
	    {HEAD "T1," HEX ",totp,\n", 2, "it has 4 cells"},
	    {HEAD ",,\n\nT1," HEX ",motp\n", 4, "\"motp\" is no type"},
	    {HEAD "T1," HEX ",\n", 2, "neither a period nor a counter"},
	    {"serial,secret,period,counter\nT1," HEX ",30,1\n", 2,
		"a period and a counter"},
	    {"serial,secret,type,counter\nT1," HEX ",totp,1\n", 2,
		"a totp has no counter"},
	    {"serial,secret,type,period\nT1," HEX ",hotp,30\n", 2,
		"a hotp has no period: leave that cell empty"},
	    {"serial,secret,period\nT1," HEX ",14\n", 2, "15 to 300"},
	    {"serial,secret,period\nT1," HEX ",301\n", 2, "15 to 300"},
	    {"serial,secret,period\nT1," HEX ",30s\n", 2, "15 to 300"},
	    {"serial,secret,counter\nT1," HEX ",-1\n", 2, "whole number"},
	    {"serial,secret,counter\nT1," HEX ",9223372036854775808\n", 2,
		"whole number"},
	    {"serial,secret,counter,digits\nT1," HEX ",0,5\n", 2, "6 to 8"},
	    {"serial,secret,counter,digits\nT1," HEX ",0,9\n", 2, "6 to 8"},
	    {"serial,secret,counter,hash\nT1," HEX ",0,MD5\n", 2,
		"\"MD5\" is no algorithm"},
	    {"serial,type,secret\nT1," HEX ",totp\n", 2, "\"...\" is no type"},
	    {"serial,period,secret\nT1," BASE ",30\n", 2, "\"...\": "},
	    {"serial,counter,secret\nT1," BASE ",30\n", 2, "\"...\": "},
	    {"serial,algorithm,type,secret\nT1," HEX ",totp,x\n", 2,
		"\"...\" is no algorithm"},
	    {HEAD "GEZDGNBVGY3TQOJQ GEZDGNBVGY3TQOJQ," HEX1 ",totp\n", 2,
		"\"...\" is no serial"},
	    {HEAD "," HEX ",totp\n", 2, "no serial number"},
	    {HEAD "1.23E+11," HEX ",totp\n", 2, "spreadsheet"},
	    {HEAD "a b," HEX ",totp\n", 2, "no serial number"},
	    {HEAD "-T1," HEX ",totp\n", 2, "no serial number"},
	    {HEAD "T23456789012345678901234567890123456789012," HEX ",totp\n",
		2, "longer than 40"},
	    {HEAD "T1,,totp\n", 2, "no secret"},
	    {HEAD "T1,0x,totp\n", 2, "hexadecimal or base32"},
	    {HEAD "T1,0x" HEX "0,totp\n", 2, "hexadecimal or base32"},
	    {HEAD "T1,hello-world!,totp\n", 2, "hexadecimal or base32"},
	    {HEAD "T1,31323334353637383988,totp\nT2,313233343536373839,totp\n",
		3, "9 bytes"},
	    {HEAD "T1," HEX HEX HEX HEX ",totp\n", 2, "at most 64 bytes"},
	    {HEAD "T1," HEX ",totp\nT2," BASE1 ",totp\n", 3,
		"in line 2 it is hexadecimal"},
	    {HEAD "T1," HEX ",totp\nT2,zz" HEX ",totp\n", 3,
		"the secret is not hexadecimal"},
	    {HEAD "T1,\"" HEX ",totp\nT2," HEX1 ",totp\n", 2,
		"a quote is not closed"},
	    {HEAD "T1," HEX "\",totp\n", 2, "middle of a cell"},
	    {HEAD "T1,\"" HEX "\"x,totp\n", 2, "behind a closing quote"},
	    {HEAD "T\0011," HEX ",totp\n", 2, "control character"},
	    {HEAD "T1," HEX ",totp\nt1," HEX1 ",totp\n", 3, "in line 2, too"},
	    {HEAD "T1," HEX ",totp\nT2," HEX ",totp\n", 3,
		"the secret of token T1 in line 2"},
	    {HEAD "T1," HEX ",totp\nT2," HEX "00,totp\n", 3,
		"the secret of token T1 in line 2"},
	    {"\xff\xfes\0e\0", 0, "UTF-16"},
	    {"PK\003\004", 0, "save it as CSV"},
	};

	for (size_t i = 0; i < COUNT(bad); i++)
		seeds_refused(bad[i].text, bad[i].line, bad[i].says);
}

Test(seeds_csv, asks_how_secrets_are_written_where_all_could_be_both)
{
	static const char text[] = HEAD "T1,2222222222222222,totp\n"
					"T2,3333333333333333AAAA4444,totp\n";
	struct seeds hex, base32;

	seeds_refused(text, 2, "--secrets hex");
	cr_assert_eq(seeds_parse(text, strlen(text), SECRETS_BASE32, &base32),
	    FAULT_NONE);
	cr_expect_eq(base32.list.items[0].token.secret.len, 10);
	cr_assert_eq(
	    seeds_parse(text, strlen(text), SECRETS_HEX, &hex), FAULT_FORMAT);
	cr_expect_not_null(strstr(hex.wrong.items[0].text, "8 bytes"));
	seeds_done(&hex);
	seeds_done(&base32);
	/* A column that says it, or one line that does, decides for all. */
	seeds_read("serial,secret base32,type\nT1,2222222222222222,totp\n", 1,
	    &base32);
	seeds_done(&base32);
	seeds_read(
	    HEAD "T1,22222222222222222222,totp\nT2," HEX ",totp\n", 2, &hex);
	cr_expect_eq(hex.list.items[0].token.secret.bytes[0], 0x22);
	seeds_done(&hex);
}

Test(seeds_csv, lists_the_first_mistakes_and_counts_all)
{
	char text[4096] = HEAD;
	struct seeds seeds;

	for (int i = 0; i < 50; i++)
		strcat(text, "T1,zz,totp\n");
	cr_expect_eq(seeds_of(text, &seeds), FAULT_FORMAT);
	cr_expect_eq(seeds.wrong.count, SEEDS_WRONG_MAX);
	cr_expect_eq(seeds.wrong_count, 50);
	seeds_done(&seeds);
}

Test(seeds_csv, takes_as_many_as_the_list_has_room_for)
{
	size_t room = (TOKENS_MAX + 1) * 64 + 64;
	char *text = malloc(room);
	struct seeds seeds;
	size_t len;

	cr_assert_not_null(text);
	for (int more = 0; more < 2; more++) {
		len = (size_t)snprintf(text, room, HEAD);
		for (int i = 0; i < TOKENS_MAX + more; i++)
			len += (size_t)snprintf(
			    text + len, room - len, "T%d,a%031x,totp\n", i, i);
		cr_expect_eq(seeds_of(text, &seeds),
		    more == 0 ? FAULT_NONE : FAULT_FORMAT);
		cr_expect_eq(seeds.list.count, TOKENS_MAX);
		if (more > 0)
			cr_expect_eq(seeds.wrong.items[0].line, TOKENS_MAX + 2);
		seeds_done(&seeds);
	}
	free(text);
}
