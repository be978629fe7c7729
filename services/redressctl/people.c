/* redressctl people, delegate: who may decide what, and changes of it. */

#include "clock.h"
#include "command.h"
#include "input_file.h"
#include "message.h"
#include "money.h"
#include "options.h"
#include "roster_change.h"
#include "roster_store.h"
#include "rule_publisher.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { PERSON_FILE_MAX = 64 * 1024 };

struct people_options {
    struct option_values signers;
    const char *author;
    bool json;
};

static void print_words(const char *title, char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("%s%s", i == 0 ? title : ", ", words[i]);
}

static void print_amounts(const char *title, Redress__V1__Money *const *amounts, size_t count)
{
    char text[MONEY_TEXT_MAX];
    for (size_t i = 0; i < count; i++) {
        struct money amount;
        if (money_make(amounts[i]->minor, amounts[i]->currency, &amount) == STATUS_OK)
            printf("%s%s", i == 0 ? title : ", ", money_format(amount, text));
    }
}

/* Of a period; texts of CLOCK_TEXT_MAX bytes. */
static const char *time_text(const Google__Protobuf__Timestamp *time, char *text)
{
    int64_t time_us;
    return message_time(time, &time_us) == STATUS_OK ? clock_format(time_us, text) : "?";
}

static void print_person(const Redress__V1__Person *person)
{
    char from[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX];
    printf("%s: level %d", person->id, person->level);
    for (size_t i = 0; i < person->n_roles; i++)
        printf("%s%s", i == 0 ? ", " : " and ",
               message_enum_name(&redress__v1__role__descriptor, (int)person->roles[i]));
    print_words(", queues ", person->queues, person->n_queues);
    putchar('\n');
    print_amounts("  for one refund at most ", person->limit_per_refund,
                  person->n_limit_per_refund);
    print_amounts("\n  in one day at most ", person->limit_per_day, person->n_limit_per_day);
    if (person->n_limit_per_refund + person->n_limit_per_day > 0)
        putchar('\n');
    for (size_t i = 0; i < person->n_delegates; i++)
        printf("  delegates to %s from %s until %s\n", person->delegates[i]->person_id,
               time_text(person->delegates[i]->from, from),
               time_text(person->delegates[i]->until, until));
    for (size_t i = 0; i < person->n_absences; i++)
        printf("  out of office from %s until %s\n", time_text(person->absences[i]->from, from),
               time_text(person->absences[i]->until, until));
}

static void print_roster(const Redress__V1__RuleSet *set, bool as_json)
{
    if (as_json) {
        json_t *json = message_to_json(&set->base);
        command_print(json);
        json_decref(json);
        return;
    }
    printf("roster %s version %lld%s%s\n", set->id, (long long)set->version,
           set->merchant_id[0] == '\0' ? "" : " of merchant ", set->merchant_id);
    for (size_t i = 0; i < set->roster->n_people; i++)
        print_person(set->roster->people[i]);
    for (size_t i = 0; i < set->roster->n_applications; i++)
        printf("application %s vouches for %s\n", set->roster->applications[i]->id,
               set->roster->applications[i]->n_people == 0 ? "everybody" : "some");
}

struct person_text {
    char bytes[PERSON_FILE_MAX];
    size_t size;
};

static enum status take_person(void *context, const void *bytes, size_t size, struct error *error)
{
    struct person_text *text = context;
    if (size > sizeof text->bytes - text->size)
        return error_set(error, STATUS_INVALID, "it is larger than 64 KiB");
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    return STATUS_OK;
}

static enum status put(Redress__V1__Roster *roster, const char *path, struct arena *arena,
                       struct error *error)
{
    struct person_text *text = arena_zalloc(arena, sizeof *text);
    ProtobufCMessage *message;
    struct error why = {""};
    if (text == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    enum status status = input_file_read(path, take_person, text, &why);
    if (status == STATUS_OK)
        status = message_from_json_text(&redress__v1__person__descriptor, text->bytes, text->size,
                                        arena, &message, &why);
    if (status != STATUS_OK)
        return error_set(error, status, "%s: %.300s", path, why.text);
    return roster_put(roster, (Redress__V1__Person *)message, arena, error);
}

/* One change of the roster in force. */
struct change {
    const char *what, *subject; /* "put" a file, "remove" a person; or: */
    struct roster_delegation delegation;
};

static enum status apply(const struct change *change, Redress__V1__Roster *roster,
                         struct arena *arena, struct error *error)
{
    if (strcmp(change->what, "put") == 0)
        return put(roster, change->subject, arena, error);
    if (strcmp(change->what, "remove") == 0)
        return roster_remove(roster, change->subject, error);
    return roster_delegate(roster, &change->delegation, arena, error);
}

/* Publishes the changed roster as its next version, and says what routing makes of it. */
static enum status publish(const struct session *session, const struct people_options *options,
                           Redress__V1__RuleSet *set, struct arena *arena, struct error *error)
{
    struct rule_publication publication = {.set = set, .wait_s = RULE_WAIT_S};
    struct rule_outcome outcome = {0};
    if (options->signers.count != RULE_KEYS_MAX)
        return error_set(error, STATUS_INVALID,
                         "a roster needs the signatures of two keys: --key KEYFILE --key KEYFILE");
    while (publication.key_count < RULE_KEYS_MAX) {
        publication.keys[publication.key_count] = options->signers.items[publication.key_count];
        publication.key_count++;
    }
    enum status status = rule_publish(session, &publication, arena, &outcome, error);
    return status == STATUS_OK ? rule_tell(&publication, &outcome, options->json, error) : status;
}

static enum status run(const struct session *session, const struct people_options *options,
                       const struct change *change, struct error *error)
{
    Redress__V1__RuleSet *set = NULL;
    struct arena *arena = arena_create(ROSTER_ARENA_MAX);
    if (arena == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    enum status status = roster_current(session, arena, &set, error);
    if (status == STATUS_OK && change == NULL)
        print_roster(set, options->json);
    if (status == STATUS_OK && change != NULL) {
        status = apply(change, set->roster, arena, error);
        if (status == STATUS_OK)
            status = roster_next(set, options->author, arena, error);
        if (status == STATUS_OK)
            status = publish(session, options, set, arena, error);
    }
    arena_destroy(arena);
    return status;
}

#define CHANGE_OPTIONS                                                                        \
    {"key",                                                                                   \
     OPTION_VALUES,                                                                           \
     "KEYFILE",                                                                               \
     "a secret key that may sign rules; two are needed",                                      \
     &options.signers,                                                                        \
     0,                                                                                       \
     0},                                                                                      \
    {                                                                                         \
        "author", OPTION_TEXT, "WHO", "who changes it (the first key)", &options.author, 0, 0 \
    }

int command_people(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "[put FILE | remove WHO]",
        .text =
            "Lists the people of the roster in force: roles, queues, level, limits, delegates,\n"
            "absences. put adds a person, or replaces the one of that id, from a file with a\n"
            "redress.v1.Person as JSON; remove takes somebody out. A change is a new version "
            "of\n"
            "the roster, signed with two keys; decisions that come later are held against it.",
        .most = 2,
    };
    struct people_options options = {0};
    const struct option_row rows[] = {
        CHANGE_OPTIONS,
        {"json", OPTION_FLAG, NULL, "print the rule set as JSON", &options.json, 0, 0}};
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    struct change change = {0};
    if (line.count == 2)
        change = (struct change){.what = line.arguments[0], .subject = line.arguments[1]};
    if (line.count == 1 ||
        (line.count == 2 && strcmp(change.what, "put") != 0 && strcmp(change.what, "remove") != 0))
        return options_refuse(argv[0], "wanted: nothing, put FILE, or remove WHO");
    return command_end(
        argv[0], run(&line.session, &options, line.count == 0 ? NULL : &change, &error), &error);
}

static bool read_time(const char *command, const char *name, const char *text, int64_t *time_us,
                      int *code)
{
    if (text != NULL && clock_parse(text, time_us) == STATUS_OK)
        return true;
    *code = options_refuse(command, "--%s wants a time such as 2026-12-01T00:00:00Z", name);
    return false;
}

int command_delegate(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "WHO",
        .text = "Lets somebody use the authority of WHO for some time: role, queues, level and\n"
                "limits are those of WHO, and so is the day that approvals count against. It is a\n"
                "new version of the roster, signed with two keys.",
        .least = 1,
        .most = 1,
    };
    struct people_options options = {0};
    struct change change = {.what = "delegate"};
    const char *from = NULL, *until = NULL;
    const struct option_row rows[] = {
        {"to", OPTION_TEXT, "WHOM", "who may use it", &change.delegation.whom, 0, 0},
        {"from", OPTION_TEXT, "TIME", "from when (now)", &from, 0, 0},
        {"until", OPTION_TEXT, "TIME", "until just before when", &until, 0, 0},
        CHANGE_OPTIONS};
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    if (change.delegation.whom == NULL)
        return options_refuse(argv[0], "--to says to whom");
    change.delegation.who = line.arguments[0];
    change.delegation.now_us = change.delegation.from_us = clock_wall_us();
    if ((from != NULL &&
         !read_time(argv[0], "from", from, &change.delegation.from_us, &line.code)) ||
        !read_time(argv[0], "until", until, &change.delegation.until_us, &line.code))
        return line.code;
    return command_end(argv[0], run(&line.session, &options, &change, &error), &error);
}
