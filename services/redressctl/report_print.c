/* The report as people read it. */

#include "money.h"
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_MAX = 48, AMOUNT_MAX = 64 };

static const char *text_in(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text == NULL ? "" : text;
}

static int64_t number_in(const json_t *row, const char *name)
{
    return json_integer_value(json_object_get(row, name));
}

/* Puts commas between the thousands of a number that may have a fraction and a unit. */
static const char *with_commas(const char *plain, char *text, size_t size)
{
    size_t sign = plain[0] == '-', digits = strspn(plain + sign, "0123456789"), used = 0;
    for (size_t i = 0; plain[i] != '\0' && used + 2 < size; i++) {
        bool inside = i > sign && i < sign + digits;
        if (inside && (sign + digits - i) % 3 == 0)
            text[used++] = ',';
        text[used++] = plain[i];
    }
    text[used] = '\0';
    return text;
}

static const char *count_text(int64_t number, char *text)
{
    char plain[NUMBER_MAX];
    (void)snprintf(plain, sizeof plain, "%" PRId64, number);
    return with_commas(plain, text, NUMBER_MAX);
}

static const char *amount_text(int64_t minor, const char *currency, char *text)
{
    char plain[AMOUNT_MAX];
    struct money money;
    if (money_make(minor, currency, &money) == STATUS_OK)
        (void)money_format(money, plain);
    else
        (void)snprintf(plain, sizeof plain, "%" PRId64 " %s", minor, currency);
    return with_commas(plain, text, AMOUNT_MAX);
}

/* "1,234.50 EUR, 12 JPY" */
static void print_amounts(const json_t *amounts)
{
    char text[AMOUNT_MAX];
    const char *currency, *between = "";
    json_t *minor;
    json_object_foreach((json_t *)(uintptr_t)amounts, currency, minor)
    {
        printf("%s%s", between, amount_text(json_integer_value(minor), currency, text));
        between = ", ";
    }
    putchar('\n');
}

static void print_line(const char *name, int64_t count, const json_t *amounts)
{
    char number[NUMBER_MAX];
    printf("  %-40s %12s  ", name, count_text(count, number));
    print_amounts(amounts);
}

static void print_groups(const char *title, const json_t *groups)
{
    const char *name;
    json_t *group;
    if (json_object_size(groups) == 0)
        return;
    printf("\n%s\n", title);
    json_object_foreach((json_t *)(uintptr_t)groups, name, group)
        print_line(name, number_in(group, "count"), json_object_get(group, "amount_minor"));
}

/* "2010-12-09 10:00" of PostgreSQL's JSON time. */
static const char *minute_of(const json_t *row, const char *name, char text[17])
{
    (void)snprintf(text, 17, "%s", text_in(row, name));
    if (strlen(text) > 10)
        text[10] = ' ';
    return text;
}

static void print_waiting_parked(const json_t *row)
{
    char number[NUMBER_MAX], since[17], due[17];
    printf("  %-40s %12s  since %s, until %s\n", text_in(row, "what"),
           count_text(number_in(row, "count"), number), minute_of(row, "since", since),
           minute_of(row, "due", due));
}

static void print_waiting_case(const json_t *row)
{
    char number[NUMBER_MAX], due[17], name[96];
    (void)snprintf(name, sizeof name, "%s of level %" PRId64 " in %s",
                   strcmp(text_in(row, "status"), "OPEN") == 0 ? "people" : "an answer, for people",
                   number_in(row, "level"), text_in(row, "queue"));
    printf("  %-40s %12s  first due %s: ", name, count_text(number_in(row, "count"), number),
           minute_of(row, "due", due));
    print_amounts(json_object_get(row, "amounts"));
}

static void print_waiting_payout(const json_t *row)
{
    char number[NUMBER_MAX], since[17], name[96];
    (void)snprintf(name, sizeof name, "payouts %s", text_in(row, "status"));
    printf("  %-40s %12s  since %s: ", name, count_text(number_in(row, "count"), number),
           minute_of(row, "since", since));
    print_amounts(json_object_get(row, "amounts"));
}

static void print_counted(const json_t *row)
{
    print_line(text_in(row, "name"), number_in(row, "count"), json_object_get(row, "amounts"));
}

static void print_reason(const json_t *row)
{
    print_line(text_in(row, "name"), number_in(row, "count"), json_object_get(row, "claimed"));
    if (json_object_size(json_object_get(row, "paid")) == 0)
        return;
    printf("  %-40s %12s  ", "", "paid");
    print_amounts(json_object_get(row, "paid"));
}

static void print_product(const json_t *row)
{
    char returned[NUMBER_MAX], sold[NUMBER_MAX], amount[AMOUNT_MAX];
    printf("  %-40s %12s  of %s sold, %s\n", text_in(row, "sku"),
           count_text(number_in(row, "units_returned"), returned),
           count_text(number_in(row, "units_sold"), sold),
           amount_text(number_in(row, "minor"), text_in(row, "currency"), amount));
}

static void print_rule(const json_t *row)
{
    char hits[NUMBER_MAX], decided[NUMBER_MAX], overturned[NUMBER_MAX], name[128];
    (void)snprintf(name, sizeof name, "%s %s: %s", text_in(row, "decision"), text_in(row, "rule"),
                   text_in(row, "outcome"));
    printf("  %-40s %12s  hits; people decided %s, against it %s\n", name,
           count_text(number_in(row, "hits"), hits),
           count_text(number_in(row, "approved") + number_in(row, "declined"), decided),
           count_text(number_in(row, "overturned"), overturned));
}

static void print_approver(const json_t *row)
{
    char approved[NUMBER_MAX], declined[NUMBER_MAX], amount[AMOUNT_MAX];
    printf("  %-40s %12s  approved, %s; %s declined\n", text_in(row, "approver"),
           count_text(number_in(row, "approved"), approved),
           amount_text(number_in(row, "minor"), text_in(row, "currency"), amount),
           count_text(number_in(row, "declined"), declined));
}

static void print_gap(const json_t *row)
{
    char decided[NUMBER_MAX], overturned[NUMBER_MAX], name[128];
    (void)snprintf(name, sizeof name, "%s %s: %s", text_in(row, "decision"), text_in(row, "rule"),
                   text_in(row, "outcome"));
    printf("  %-40s %11.1f%%  overturned, %s of %s that people decided\n", name,
           json_number_value(json_object_get(row, "overturned_percent")),
           count_text(number_in(row, "overturned"), overturned),
           count_text(number_in(row, "decided"), decided));
}

static void print_overturn(const json_t *row)
{
    char judgements[NUMBER_MAX], overturned[NUMBER_MAX];
    printf("  %-40s %11.1f%%  against the rule, %s of %s judgements\n", text_in(row, "approver"),
           json_number_value(json_object_get(row, "overturned_percent")),
           count_text(number_in(row, "overturned"), overturned),
           count_text(number_in(row, "judgements"), judgements));
}

static void print_consistency(const json_t *row)
{
    char decided[NUMBER_MAX], others[NUMBER_MAX], name[128];
    (void)snprintf(name, sizeof name, "%s, %s %s: %s", text_in(row, "approver"),
                   text_in(row, "decision"), text_in(row, "rule"), text_in(row, "outcome"));
    printf("  %-40s %11.1f%%  of %s approved, by the others %.1f%% of %s\n", name,
           json_number_value(json_object_get(row, "approved_percent")),
           count_text(number_in(row, "decided"), decided),
           json_number_value(json_object_get(row, "others_approved_percent")),
           count_text(number_in(row, "others_decided"), others));
}

static void print_mismatch(const json_t *row)
{
    char expected[AMOUNT_MAX], reported[AMOUNT_MAX];
    const char *currency = text_in(row, "currency");
    printf("  %-12s %s of order %s: expected %s, the provider reports %s\n",
           text_in(row, "reconciliation"), text_in(row, "payout_id"), text_in(row, "order_id"),
           amount_text(number_in(row, "expected"), currency, expected),
           amount_text(number_in(row, "reported"), currency, reported));
}

static void print_rows(const char *title, const json_t *rows, void (*print)(const json_t *row))
{
    size_t i;
    json_t *row;
    if (json_array_size(rows) > 0 && title != NULL)
        printf("\n%s\n", title);
    json_array_foreach(rows, i, row) print(row);
}

static void print_waiting(const json_t *details)
{
    const json_t *parked = json_object_get(details, "parked");
    const json_t *cases = json_object_get(details, "cases");
    const json_t *payouts = json_object_get(details, "payouts");
    printf("\nWaits for\n");
    if (json_array_size(parked) + json_array_size(cases) + json_array_size(payouts) == 0)
        printf("  nothing: every request is finished\n");
    print_rows(NULL, parked, print_waiting_parked);
    print_rows(NULL, cases, print_waiting_case);
    print_rows(NULL, payouts, print_waiting_payout);
}

static void print_heading(const json_t *totals, const char *merchant)
{
    char orders[NUMBER_MAX], lines[NUMBER_MAX], requests[NUMBER_MAX], number[NUMBER_MAX];
    const char *reason, *between = " ";
    json_t *count;
    printf("Refunds of %s\n\n", merchant == NULL ? "all merchants" : merchant);
    printf("  %s orders with %s lines, captured ", count_text(number_in(totals, "orders"), orders),
           count_text(number_in(totals, "order_lines"), lines));
    print_amounts(json_object_get(totals, "captured"));
    printf("  %s requests\n", count_text(number_in(totals, "requests"), requests));
    if (json_object_size(json_object_get(totals, "skipped")) == 0)
        return;
    printf("  left out by imports:");
    json_object_foreach(json_object_get(totals, "skipped"), reason, count)
    {
        printf("%s%s %s", between, count_text(json_integer_value(count), number), reason);
        between = ", ";
    }
    putchar('\n');
}

void report_print(const json_t *totals, const json_t *details, const char *merchant)
{
    print_heading(totals, merchant);
    print_groups("What became of the requests", json_object_get(totals, "outcomes"));
    print_groups("Who decides the compliant ones", json_object_get(totals, "routes"));
    print_groups("Payouts", json_object_get(totals, "payouts"));
    print_waiting(details);
    print_rows("Payouts against the provider's word", json_object_get(details, "reconciliation"),
               print_counted);
    print_rows("Payouts that do not agree", json_object_get(details, "mismatches"), print_mismatch);
    print_rows("Reasons, claimed and paid", json_object_get(details, "reasons"), print_reason);
    print_rows("Products that come back most, in units", json_object_get(details, "products"),
               print_product);
    print_rows("Rules", json_object_get(details, "rules"), print_rule);
    print_rows("Approvers", json_object_get(details, "approvers"), print_approver);
    print_rows("Policy gaps: rules that people overturn", json_object_get(details, "policy_gaps"),
               print_gap);
    print_rows("How often each approver overturns a rule", json_object_get(details, "overturns"),
               print_overturn);
    print_rows("Approvers who judge a rule otherwise than the others",
               json_object_get(details, "consistency"), print_consistency);
}
