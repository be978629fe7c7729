/* Changes as people read them. */

#include "policy_changes.h"

#include "money.h"

#include <stdio.h>

static const char *money_text(const json_t *minor, const json_t *currency,
                              char text[MONEY_TEXT_MAX])
{
    struct money money = {.minor = json_integer_value(minor)};
    (void)snprintf(money.currency, sizeof money.currency, "%s", json_string_value(currency));
    return money_format(money, text);
}

static void print_money(const char *indent, const json_t *list)
{
    size_t i;
    json_t *each;
    json_array_foreach(list, i, each)
    {
        char before[MONEY_TEXT_MAX], after[MONEY_TEXT_MAX], change[MONEY_TEXT_MAX];
        const json_t *currency = json_object_get(each, "currency");
        printf("%srefundable %s -> %s (%s%s)\n", indent,
               money_text(json_object_get(each, "before"), currency, before),
               money_text(json_object_get(each, "after"), currency, after),
               json_integer_value(json_object_get(each, "change")) > 0 ? "+" : "",
               money_text(json_object_get(each, "change"), currency, change));
    }
}

static void print_half(const char *title, const json_t *half, const json_t *currency)
{
    char text[MONEY_TEXT_MAX];
    const char *reasons = json_string_value(json_object_get(half, "reasons"));
    size_t i;
    json_t *rule;
    printf("      %s %s %s %s", title, json_string_value(json_object_get(half, "outcome")),
           money_text(json_object_get(half, "refundableMinor"), currency, text), reasons);
    json_array_foreach(json_object_get(half, "rules"), i, rule)
    {
        printf("%s%s", i == 0 ? (reasons[0] == '\0' ? "by " : ", by ") : "; ",
               json_string_value(rule));
    }
    putchar('\n');
}

static void print_move(const json_t *move)
{
    size_t i;
    json_t *each;
    printf("\n%s -> %s: %" JSON_INTEGER_FORMAT "\n",
           json_string_value(json_object_get(move, "from")),
           json_string_value(json_object_get(move, "to")),
           json_integer_value(json_object_get(move, "count")));
    print_money("  ", json_object_get(move, "money"));
    json_array_foreach(json_object_get(move, "examples"), i, each)
    {
        const json_t *currency = json_object_get(each, "currency");
        printf("    %s of order %s\n", json_string_value(json_object_get(each, "refund")),
               json_string_value(json_object_get(each, "order")));
        print_half("before:", json_object_get(each, "before"), currency);
        print_half("after: ", json_object_get(each, "after"), currency);
    }
}

void changes_print(const json_t *json)
{
    size_t i;
    json_t *each;
    printf("%" JSON_INTEGER_FORMAT " requests judged anew, %" JSON_INTEGER_FORMAT
           " of them not decided before\n%" JSON_INTEGER_FORMAT " decided alike, "
           "%" JSON_INTEGER_FORMAT " otherwise\n",
           json_integer_value(json_object_get(json, "requests")),
           json_integer_value(json_object_get(json, "undecided")),
           json_integer_value(json_object_get(json, "same")),
           json_integer_value(json_object_get(json, "changed")));
    print_money("", json_object_get(json, "money"));
    json_array_foreach(json_object_get(json, "outcomes"), i, each)
    {
        print_move(each);
    }
    json_array_foreach(json_object_get(json, "rules"), i, each)
    {
        printf("%srule %s: hits %" JSON_INTEGER_FORMAT " more, %" JSON_INTEGER_FORMAT " fewer\n",
               i == 0 ? "\n" : "", json_string_value(json_object_get(each, "rule")),
               json_integer_value(json_object_get(each, "gained")),
               json_integer_value(json_object_get(each, "lost")));
    }
}
