/* What parameters may be, in Stripe's words where its answers are known. */

#include "api.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Twelve digits (the most for any currency, https://docs.stripe.com/currencies), so that no sum of
 * all refunds overflows. */
#define AMOUNT_MAX INT64_C(999999999999)

enum status read_amount(const char *text, const char *param, int64_t *amount, struct answer *answer)
{
    const char *digit = text;
    int64_t number = 0;
    if (*digit == '-')
        digit++;
    for (; *digit >= '0' && *digit <= '9' && number <= AMOUNT_MAX; digit++)
        number = number * 10 + (*digit - '0');
    if (*digit != '\0' && (*digit < '0' || *digit > '9'))
        digit = text;
    if (digit == text || (digit == text + 1 && *text == '-'))
        answer_error(answer, 400, ERROR_INVALID, "parameter_invalid_integer", param,
                     "Invalid integer: %s", text);
    else if (*text == '-' || number == 0)
        answer_error(answer, 400, ERROR_INVALID, "parameter_invalid_integer", param,
                     "Invalid positive integer");
    else if (number > AMOUNT_MAX)
        answer_error(answer, 400, ERROR_INVALID, "amount_too_large", param,
                     "Amount must be no more than %lld", (long long)AMOUNT_MAX);
    else {
        *amount = number;
        return STATUS_OK;
    }
    return STATUS_INVALID;
}

enum status read_currency(const char *text, char code[4], struct answer *answer)
{
    if (strlen(text) == 3 && isalpha((unsigned char)text[0]) && isalpha((unsigned char)text[1]) &&
        isalpha((unsigned char)text[2])) {
        for (int i = 0; i < 4; i++)
            code[i] = (char)tolower((unsigned char)text[i]);
        return STATUS_OK;
    }
    answer_error(answer, 400, ERROR_INVALID, NULL, "currency",
                 "Invalid currency: %s. Stripe currently supports these currencies: three letters "
                 "of ISO 4217",
                 text);
    return STATUS_INVALID;
}

enum status read_known(const struct request *request, const char *const *allowed,
                       struct answer *answer)
{
    const char *unknown = form_unknown(&request->form, allowed);
    if (unknown == NULL)
        return STATUS_OK;
    answer_error(answer, 400, ERROR_INVALID, "parameter_unknown", unknown,
                 "Received unknown parameter: %s", unknown);
    return STATUS_INVALID;
}

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

static enum status read_pair(const struct field *field, struct answer *answer)
{
    char key[STORE_METADATA_KEY * 4 + 2];
    size_t size = form_metadata_key(field->name, key, sizeof key);
    if (size == 0 || strpbrk(key, "[]") != NULL) {
        answer_error(answer, 400, ERROR_INVALID, NULL, field->name,
                     "Metadata keys cannot be empty or contain square brackets.");
        return STATUS_INVALID;
    }
    if (size >= sizeof key || characters(key) > STORE_METADATA_KEY) {
        answer_error(answer, 400, ERROR_INVALID, NULL, field->name,
                     "Metadata keys can have up to %d characters.", STORE_METADATA_KEY);
        return STATUS_INVALID;
    }
    size = characters(field->value);
    if (size > STORE_METADATA_VALUE) {
        answer_error(answer, 400, ERROR_INVALID, NULL, field->name,
                     "Metadata values can have up to %d characters, but you passed in a value "
                     "that is %zu characters.",
                     STORE_METADATA_VALUE, size);
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

/* Whether the request sets, clears or keeps `key` of the metadata that was there. */
static const char *new_value(const struct request *request, const char *key)
{
    char name[STORE_METADATA_KEY * 4 + 16];
    (void)snprintf(name, sizeof name, "metadata[%s]", key);
    return form_get(&request->form, name);
}

/* Whether a later field has the same name: it counts instead. */
static bool is_overridden(const struct form *form, size_t at)
{
    for (size_t i = at + 1; i < form->count; i++)
        if (strcmp(form->fields[i].name, form->fields[at].name) == 0)
            return true;
    return false;
}

static bool clears_all(const struct request *request)
{
    const char *all = form_get(&request->form, "metadata");
    return all != NULL && *all == '\0';
}

enum status read_metadata(const struct request *request, const char *old, struct answer *answer)
{
    const char *all = form_get(&request->form, "metadata");
    if (all != NULL && *all != '\0') {
        answer_error(answer, 400, ERROR_INVALID, NULL, "metadata", "Invalid object");
        return STATUS_INVALID;
    }
    size_t pairs = 0;
    const char *key;
    const char *value;
    while (!clears_all(request) && metadata_next(&old, &key, &value))
        pairs += new_value(request, key) == NULL;
    for (size_t i = 0; i < request->form.count; i++) {
        const struct field *field = &request->form.fields[i];
        if (strncmp(field->name, "metadata[", 9) != 0 || is_overridden(&request->form, i))
            continue;
        if (read_pair(field, answer) != STATUS_OK)
            return STATUS_INVALID;
        pairs += *field->value != '\0';
    }
    if (pairs <= STORE_METADATA_PAIRS)
        return STATUS_OK;
    answer_error(answer, 400, ERROR_INVALID, NULL, "metadata",
                 "You can have up to %d metadata keys, but you passed in %zu.",
                 STORE_METADATA_PAIRS, pairs);
    return STATUS_INVALID;
}

const char *merge_metadata(struct store *store, const struct request *request, const char *old)
{
    const char *old_key;
    const char *value;
    metadata_pack_begin(store);
    while (!clears_all(request) && metadata_next(&old, &old_key, &value))
        if (new_value(request, old_key) == NULL)
            metadata_pack(store, old_key, value);
    for (size_t i = 0; i < request->form.count; i++) {
        const struct field *field = &request->form.fields[i];
        char key[STORE_METADATA_KEY * 4 + 2];
        if (form_metadata_key(field->name, key, sizeof key) == 0 || *field->value == '\0' ||
            is_overridden(&request->form, i))
            continue;
        metadata_pack(store, key, field->value);
    }
    return metadata_pack_end(store);
}
