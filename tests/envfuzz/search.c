/*
 * Many variables in one start.  Where something ran, or where the gate did
 * not, those that it takes are found by taking others away.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/envfuzz/envfuzz.h"

#define FINDS_MAX 40 /* enough: a wide-open shell need not be listed whole */

uint64_t
search_random(struct search *search)
{
	/* xorshift64* */
	search->random ^= search->random >> 12;
	search->random ^= search->random << 25;
	search->random ^= search->random >> 27;
	return search->random * 0x2545f4914f6cdd1dULL;
}

struct sight
search_try(struct search *search, const struct variable *variables,
    size_t count, bool terminal)
{
	char **environment = environment_make(search->runner.folder,
	    search->runner.shell, variables, count, search->setenv, terminal);
	struct sight sight = runner_run(&search->runner, environment, terminal);

	environment_free(environment);
	return sight;
}

/* The result that is looked for in a batch. */
typedef bool wanted(struct sight sight);

static bool
is_run(struct sight sight)
{
	return sight.ran;
}

static bool
is_no_gate(struct sight sight)
{
	return !sight.gate;
}

/* Copies count variables, but for the len ones that begin at index at. */
static size_t
leave_out(const struct variable *from, size_t count, size_t at, size_t len,
    struct variable *ret)
{
	memcpy(ret, from, at * sizeof(*from));
	memcpy(ret + at, from + at + len, (count - at - len) * sizeof(*from));
	return count - len;
}

/*
 * Takes away halves, quarters and so on as long as the result stays. The needed
 * variables are moved to the front; the rest is lost.
 */
static size_t
reduce(struct search *search, struct variable *variables, size_t count,
    bool terminal, wanted *is_wanted)
{
	struct variable *fewer = calloc(count + 1, sizeof(*fewer));
	size_t left;

	if (fewer == NULL)
		abort();
	for (size_t step = (count + 1) / 2; step > 0;
	     step = step > 1 ? (step + 1) / 2 : 0)
		for (size_t at = 0; at < count && count > 1;) {
			left = leave_out(variables, count, at,
			    step < count - at ? step : count - at, fewer);
			if (!is_wanted(
				search_try(search, fewer, left, terminal))) {
				at += step;
				continue;
			}
			memcpy(variables, fewer, left * sizeof(*fewer));
			count = left;
		}
	free(fewer);
	return count;
}

static void
print_hit(const struct search *search, bool terminal)
{
	printf("FOUND  %s, %s a terminal:", search->runner.shell,
	    terminal ? "on" : "without");
	for (size_t i = 0; i < search->hit_count; i++) {
		char *name, *value;

		payload_make(search->runner.folder, search->hit[i].payload,
		    search->hit[i].name, &name, &value);
		printf(" '%s=%.*s'", name, (int)strcspn(value, "\n"), value);
		free(name);
		free(value);
	}
	putchar('\n');
	fflush(stdout);
}

/* A name that was found alone is printed once, and left out from then on. */
static void
note_hit(struct search *search, bool terminal)
{
	search->found++;
	print_hit(search, terminal);
	if (search->hit_count == 1)
		names_add(&search->known, search->hit[0].name);
}

static void
key_of(const struct variable *variable, char ret[static 2 * NAME_MAX_LEN])
{
	snprintf(ret, (size_t)2 * NAME_MAX_LEN, "%zu %s", variable->payload,
	    variable->name);
}

static bool
is_left_out(const struct search *search, const struct variable *variable)
{
	char key[2 * NAME_MAX_LEN];

	key_of(variable, key);
	return names_have(&search->known, variable->name) ||
	    names_have(&search->poison, key);
}

static void
note_poison(struct search *search)
{
	char key[2 * NAME_MAX_LEN];

	key_of(&search->hit[0], key);
	if (search->hit_count == 1)
		names_add(&search->poison, key);
}

static bool
is_same(const struct variable *a, const struct variable *b)
{
	return a->payload == b->payload && strcmp(a->name, b->name) == 0;
}

/*
 * Drops one of the variables that are needed, or the next look would find it
 * again.
 */
static size_t
drop(struct variable *variables, size_t count, const struct variable *one)
{
	for (size_t i = 0; i < count; i++)
		if (is_same(&variables[i], one)) {
			variables[i] = variables[count - 1];
			return count - 1;
		}
	return count;
}

/*
 * Finds the variables that are needed. variables keeps all of them, in some
 * order.
 */
static bool
take_apart(struct search *search, const struct variable *variables,
    size_t count, bool terminal, wanted *is_wanted)
{
	struct variable *copy = calloc(count + 1, sizeof(*copy));

	if (copy == NULL)
		abort();
	memcpy(copy, variables, count * sizeof(*copy));
	count = reduce(search, copy, count, terminal, is_wanted);
	search->hit_count = count < 16 ? count : 16;
	memcpy(search->hit, copy, search->hit_count * sizeof(*copy));
	free(copy);
	return count <= 16;
}

bool
search_batch(struct search *search, struct variable *variables, size_t count,
    bool terminal)
{
	bool found = false;
	struct sight sight;

	while (count > 0) {
		sight = search_try(search, variables, count, terminal);
		if (!sight.ran && sight.gate)
			return found;
		if (now_ms() > search->end_ms) {
			search->cut = true;
			return found;
		}
		take_apart(search, variables, count, terminal,
		    sight.ran ? is_run : is_no_gate);
		if (sight.ran) {
			found = true;
			note_hit(search, terminal);
		} else {
			note_poison(search);
		}
		if (search->found >= FINDS_MAX || search->hit_count == 0)
			return found;
		count = drop(variables, count, &search->hit[0]);
	}
	return found;
}

static void
shuffle(struct search *search, const char **names, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t j = (size_t)(search_random(search) % i);
		const char *name = names[i - 1];

		names[i - 1] = names[j];
		names[j] = name;
	}
}

static bool
is_over(struct search *search)
{
	if (now_ms() > search->end_ms)
		search->cut = true;
	return search->cut || search->found >= FINDS_MAX;
}

/* In each round every name has another value and other neighbours. */
static void
search_round(struct search *search, const char **names, size_t count,
    size_t batch, size_t round)
{
	struct variable *variables = calloc(batch, sizeof(*variables));
	if (variables == NULL)
		abort();
	shuffle(search, names, count);
	for (size_t i = 0; i < count && !is_over(search); i += batch) {
		size_t n = 0;

		for (size_t j = i; j < count && j < i + batch; j++) {
			variables[n].name = names[j];
			variables[n].payload = (((uintptr_t)names[j] >> 4) +
						   round) %
			    payload_count;
			n += !is_left_out(search, &variables[n]);
		}
		search_batch(search, variables, n, round >= payload_count);
	}
	free(variables);
}

void
search_each(
    struct search *search, const char **names, size_t count, size_t batch)
{
	for (size_t round = 0; round < 2 * payload_count; round++)
		search_round(search, names, count, batch, round);
}

void
search_together(struct search *search, const char *const *names, size_t count,
    size_t rounds)
{
	struct variable *variables = calloc(count + 1, sizeof(*variables));

	if (variables == NULL)
		abort();
	for (size_t round = 0; round < rounds && !is_over(search); round++) {
		size_t n = 0;

		for (size_t i = 0; i < count; i++) {
			variables[n].name = names[i];
			variables[n].payload = (size_t)(search_random(search) %
			    payload_count);
			n += !is_left_out(search, &variables[n]);
		}
		search_batch(search, variables, n, round % 2 == 1);
	}
	free(variables);
}
