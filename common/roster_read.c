#include "roster_read.h"

#include "clock.h"
#include "message.h"
#include "money.h"

#include <stdlib.h>
#include <string.h>

enum { ID_MAX = 128, WEEKDAY_MAX = 7 };

/* One message on its way into an arena. */
struct reading {
    struct arena *arena;
    struct feel_zones *zones;
    const char *person_id; /* whom a refusal names */
    struct error *error;
};

static enum status refuse(const struct reading *reading, const char *field, const char *rule)
{
    return error_set(reading->error, STATUS_INVALID, "%s%s%s: %s", reading->person_id,
                     reading->person_id[0] == '\0' ? "" : ": ", field, rule);
}

static bool id_valid(const char *text)
{
    size_t size = strlen(text);
    bool plain = size > 0 && size <= ID_MAX;
    for (size_t i = 0; i < size && plain; i++)
        plain = (unsigned char)text[i] >= 0x20 && text[i] != 0x7f;
    return plain;
}

static enum status read_texts(const struct reading *reading, const char *field, char **texts,
                              size_t count, size_t most, const char *const **out)
{
    if (count > most)
        return refuse(reading, field, "too many");
    const char **copies = arena_array(reading->arena, count + 1, sizeof *copies);
    for (size_t i = 0; i < count && copies != NULL; i++) {
        if (!id_valid(texts[i]))
            return refuse(reading, field, "1 to 128 bytes without control characters each");
        copies[i] = arena_strdup(reading->arena, texts[i]);
    }
    *out = copies;
    return copies == NULL ? STATUS_EXHAUSTED : STATUS_OK;
}

static enum status read_limits(const struct reading *reading, const char *field,
                               Redress__V1__Money **messages, size_t count,
                               struct roster_limits *limits)
{
    if (count > ROSTER_LIST_MAX)
        return refuse(reading, field, "at most 64 currencies");
    struct roster_limit *items = arena_array(reading->arena, count + 1, sizeof *items);
    if (items == NULL)
        return STATUS_EXHAUSTED;
    *limits = (struct roster_limits){.items = items};
    for (size_t i = 0; i < count; i++) {
        if (currency_exponent(messages[i]->currency) < 0 || messages[i]->minor < 0)
            return refuse(reading, field, "an ISO 4217 currency and not less than 0 each");
        for (size_t k = 0; k < i; k++)
            if (strcmp(items[k].currency, messages[i]->currency) == 0)
                return refuse(reading, field, "a currency once at most");
        items[i].minor = messages[i]->minor;
        memcpy(items[i].currency, messages[i]->currency, 4);
        limits->count++;
    }
    return STATUS_OK;
}

static enum status read_period(const struct reading *reading, const char *field,
                               const Google__Protobuf__Timestamp *from,
                               const Google__Protobuf__Timestamp *until,
                               struct roster_period *period)
{
    if (from == NULL || until == NULL || message_time(from, &period->from_us) != STATUS_OK ||
        message_time(until, &period->until_us) != STATUS_OK || period->from_us >= period->until_us)
        return refuse(reading, field, "from and until, the first before the second");
    return STATUS_OK;
}

static enum status read_delegates(const struct reading *reading, const Redress__V1__Person *message,
                                  struct roster_person *person)
{
    size_t count = message->n_delegates;
    if (count > ROSTER_LIST_MAX)
        return refuse(reading, "delegates", "at most 64");
    struct roster_delegate *delegates = arena_array(reading->arena, count + 1, sizeof *delegates);
    if (delegates == NULL)
        return STATUS_EXHAUSTED;
    person->delegates = delegates;
    person->delegate_count = count;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const Redress__V1__Delegation *delegation = message->delegates[i];
        if (!id_valid(delegation->person_id) || strcmp(delegation->person_id, message->id) == 0)
            return refuse(reading, "delegates", "another person each");
        delegates[i].person_id = arena_strdup(reading->arena, delegation->person_id);
        status = read_period(reading, "delegates", delegation->from, delegation->until,
                             &delegates[i].during);
    }
    return status;
}

static enum status read_absences(const struct reading *reading, const Redress__V1__Person *message,
                                 struct roster_person *person)
{
    size_t count = message->n_absences;
    if (count > ROSTER_LIST_MAX)
        return refuse(reading, "absences", "at most 64");
    struct roster_period *absences = arena_array(reading->arena, count + 1, sizeof *absences);
    if (absences == NULL)
        return STATUS_EXHAUSTED;
    person->absences = absences;
    person->absence_count = count;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = read_period(reading, "absences", message->absences[i]->from,
                             message->absences[i]->until, &absences[i]);
    return status;
}

/* A key and its name stand together or not at all. */
static enum status read_key(const struct reading *reading, const char *key_id,
                            const ProtobufCBinaryData *bytes, bool required, struct roster_key *key)
{
    key->key_id = "";
    if (key_id[0] == '\0' && bytes->len == 0 && !required)
        return STATUS_OK;
    if (!id_valid(key_id) || bytes->len != ROSTER_KEY_SIZE)
        return refuse(reading, "public_key", "32 bytes, and a key_id");
    key->key_id = arena_strdup(reading->arena, key_id);
    memcpy(key->bytes, bytes->data, ROSTER_KEY_SIZE);
    return key->key_id == NULL ? STATUS_EXHAUSTED : STATUS_OK;
}

static enum status read_zone(const struct reading *reading, const char *name, const char **copy,
                             const struct feel_zone **zone)
{
    *copy = arena_strdup(reading->arena, name);
    *zone = NULL;
    if (name[0] == '\0')
        return STATUS_OK;
    *zone = feel_zone_find(reading->zones, feel_text(*copy == NULL ? "" : *copy));
    return *zone == NULL ? refuse(reading, "time_zone", "a name of the IANA time zone database")
                         : STATUS_OK;
}

static enum status read_roles(const struct reading *reading, const Redress__V1__Person *message,
                              struct roster_person *person)
{
    for (size_t i = 0; i < message->n_roles; i++) {
        if (!message_enum_known(&redress__v1__role__descriptor, (int)message->roles[i]))
            return refuse(reading, "roles", "known roles");
        person->roles |= 1u << message->roles[i];
    }
    if (message->level < 0 || message->level > ROSTER_LEVEL_MAX)
        return refuse(reading, "level", "0 to 3");
    person->level = message->level;
    return STATUS_OK;
}

static enum status read_person(struct reading *reading, const Redress__V1__Person *message,
                               struct roster_person *person)
{
    reading->person_id = "";
    if (!id_valid(message->id))
        return refuse(reading, "people.id", "1 to 128 bytes without control characters");
    reading->person_id = person->id = arena_strdup(reading->arena, message->id);
    if (person->id == NULL)
        return STATUS_EXHAUSTED;
    person->queue_count = message->n_queues;
    enum status status =
        read_key(reading, message->key_id, &message->public_key, false, &person->key);
    if (status == STATUS_OK)
        status = read_roles(reading, message, person);
    if (status == STATUS_OK)
        status = read_texts(reading, "queues", message->queues, message->n_queues, ROSTER_LIST_MAX,
                            &person->queues);
    if (status == STATUS_OK)
        status = read_limits(reading, "limit_per_refund", message->limit_per_refund,
                             message->n_limit_per_refund, &person->per_refund);
    if (status == STATUS_OK)
        status = read_limits(reading, "limit_per_day", message->limit_per_day,
                             message->n_limit_per_day, &person->per_day);
    if (status == STATUS_OK)
        status = read_delegates(reading, message, person);
    if (status == STATUS_OK)
        status = read_absences(reading, message, person);
    if (status == STATUS_OK)
        status = read_zone(reading, message->time_zone, &person->time_zone, &person->zone);
    return status;
}

static int person_order(const void *left, const void *right)
{
    return strcmp(((const struct roster_person *)left)->id,
                  ((const struct roster_person *)right)->id);
}

static enum status read_people(struct reading *reading, const Redress__V1__Roster *message,
                               struct roster *roster)
{
    size_t count = message->n_people;
    struct roster_person *people = arena_array(reading->arena, count + 1, sizeof *people);
    if (people == NULL)
        return STATUS_EXHAUSTED;
    memset(people, 0, (count + 1) * sizeof *people);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = read_person(reading, message->people[i], &people[i]);
    if (status != STATUS_OK)
        return status;
    qsort(people, count, sizeof *people, person_order);
    for (size_t i = 1; i < count; i++) {
        reading->person_id = people[i].id;
        if (strcmp(people[i - 1].id, people[i].id) == 0)
            return refuse(reading, "people.id", "once at most");
    }
    roster->people = people;
    roster->person_count = count;
    return STATUS_OK;
}

static enum status read_applications(struct reading *reading, const Redress__V1__Roster *message,
                                     struct roster *roster)
{
    size_t count = message->n_applications;
    struct roster_application *items = arena_array(reading->arena, count + 1, sizeof *items);
    if (items == NULL)
        return STATUS_EXHAUSTED;
    roster->applications = items;
    roster->application_count = count;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const Redress__V1__Application *application = message->applications[i];
        reading->person_id = "";
        if (!id_valid(application->id))
            return refuse(reading, "applications.id", "1 to 128 bytes without control characters");
        reading->person_id = items[i].id = arena_strdup(reading->arena, application->id);
        if (items[i].id == NULL)
            return STATUS_EXHAUSTED;
        items[i].person_count = application->n_people;
        status =
            read_key(reading, application->key_id, &application->public_key, true, &items[i].key);
        if (status == STATUS_OK)
            status = read_texts(reading, "people", application->people, application->n_people,
                                ROSTER_PEOPLE_MAX, &items[i].people);
    }
    return status;
}

static int key_id_order(const void *left, const void *right)
{
    return strcmp((*(const struct roster_key *const *)left)->key_id,
                  (*(const struct roster_key *const *)right)->key_id);
}

static int key_order(const void *left, const void *right)
{
    return memcmp((*(const struct roster_key *const *)left)->bytes,
                  (*(const struct roster_key *const *)right)->bytes, ROSTER_KEY_SIZE);
}

/* One key is one name, and of one person: else one could be taken for another, or be two. */
static enum status check_keys(struct reading *reading, const struct roster *roster)
{
    size_t count = 0;
    const struct roster_key **keys = arena_array(
        reading->arena, roster->person_count + roster->application_count + 1, sizeof *keys);
    if (keys == NULL)
        return STATUS_EXHAUSTED;
    for (size_t i = 0; i < roster->person_count; i++)
        if (roster->people[i].key.key_id[0] != '\0')
            keys[count++] = &roster->people[i].key;
    for (size_t i = 0; i < roster->application_count; i++)
        keys[count++] = &roster->applications[i].key;
    qsort(keys, count, sizeof *keys, key_id_order);
    for (size_t i = 1; i < count; i++) {
        reading->person_id = keys[i]->key_id;
        if (key_id_order(&keys[i - 1], &keys[i]) == 0)
            return refuse(reading, "key_id", "once in a roster");
    }
    qsort(keys, count, sizeof *keys, key_order);
    for (size_t i = 1; i < count; i++) {
        reading->person_id = keys[i]->key_id;
        if (key_order(&keys[i - 1], &keys[i]) == 0)
            return refuse(reading, "public_key",
                          arena_printf(reading->arena, "once in a roster; it is that of %s too",
                                       keys[i - 1]->key_id));
    }
    return STATUS_OK;
}

enum status roster_read(const Redress__V1__Roster *message, struct arena *arena,
                        struct feel_zones *zones, struct roster *roster, struct error *error)
{
    struct reading reading = {.arena = arena, .zones = zones, .person_id = "", .error = error};
    *roster = (struct roster){0};
    if (message->n_people > ROSTER_PEOPLE_MAX)
        return refuse(&reading, "people", "at most 2,000");
    if (message->n_applications > ROSTER_APPLICATIONS_MAX)
        return refuse(&reading, "applications", "at most 64");
    enum status status = read_people(&reading, message, roster);
    if (status == STATUS_OK)
        status = read_applications(&reading, message, roster);
    if (status == STATUS_OK)
        status = check_keys(&reading, roster);
    if (status == STATUS_OK && zones->count > ROSTER_ZONES_MAX)
        status = error_set(error, STATUS_INVALID, "time_zone: at most 32 distinct ones");
    return status == STATUS_OK && arena_exhausted(arena) ? STATUS_EXHAUSTED : status;
}

/* Calendars. */

static int hours_order(const void *left, const void *right)
{
    const struct calendar_hours *a = left;
    const struct calendar_hours *b = right;
    if (a->weekday != b->weekday)
        return a->weekday < b->weekday ? -1 : 1;
    return (a->from_minute > b->from_minute) - (a->from_minute < b->from_minute);
}

static enum status read_hours(const struct reading *reading, const Redress__V1__Calendar *message,
                              struct calendar *calendar)
{
    if (message->n_hours > CALENDAR_HOURS_MAX)
        return refuse(reading, "hours", "at most 64");
    for (size_t i = 0; i < message->n_hours; i++) {
        const Redress__V1__WorkingHours *hours = message->hours[i];
        if (hours->weekday < 1 || hours->weekday > WEEKDAY_MAX || hours->from_minute < 0 ||
            hours->from_minute >= hours->until_minute || hours->until_minute > CALENDAR_DAY_MINUTES)
            return refuse(reading, "hours", "a weekday from 1 to 7, 0 <= from < until <= 1440");
        calendar->hours[i] =
            (struct calendar_hours){hours->weekday, hours->from_minute, hours->until_minute};
    }
    calendar->hour_count = message->n_hours;
    qsort(calendar->hours, calendar->hour_count, sizeof *calendar->hours, hours_order);
    for (size_t i = 1; i < calendar->hour_count; i++)
        if (calendar->hours[i].weekday == calendar->hours[i - 1].weekday &&
            calendar->hours[i].from_minute < calendar->hours[i - 1].until_minute)
            return refuse(reading, "hours", "not overlapping");
    return STATUS_OK;
}

static int day_order(const void *left, const void *right)
{
    int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    return (a > b) - (a < b);
}

static bool read_day(const struct reading *reading, const char *text, int32_t *day)
{
    int64_t midnight_us;
    const char *moment = arena_printf(reading->arena, "%.10sT00:00:00Z", text);
    if (strlen(text) != 10 || moment == NULL || clock_parse(moment, &midnight_us) != STATUS_OK)
        return false;
    *day = calendar_day(NULL, midnight_us);
    return true;
}

static enum status read_holidays(const struct reading *reading,
                                 const Redress__V1__Calendar *message, struct calendar *calendar)
{
    size_t count = message->n_holidays;
    if (count > CALENDAR_HOLIDAYS_MAX)
        return refuse(reading, "holidays", "at most 1,000");
    int32_t *days = arena_array(reading->arena, count + 1, sizeof *days);
    if (days == NULL)
        return STATUS_EXHAUSTED;
    for (size_t i = 0; i < count; i++)
        if (!read_day(reading, message->holidays[i], &days[i]))
            return refuse(reading, "holidays", "dates such as 2026-12-25");
    qsort(days, count, sizeof *days, day_order);
    calendar->holidays = days;
    calendar->holiday_count = count;
    return STATUS_OK;
}

enum status calendar_read(const Redress__V1__Calendar *message, struct arena *arena,
                          struct feel_zones *zones, struct calendar *calendar, struct error *error)
{
    const struct reading reading = {
        .arena = arena, .zones = zones, .person_id = "", .error = error};
    *calendar = (struct calendar){0};
    enum status status =
        read_zone(&reading, message->time_zone, &calendar->time_zone, &calendar->zone);
    if (status == STATUS_OK)
        status = read_hours(&reading, message, calendar);
    if (status == STATUS_OK)
        status = read_holidays(&reading, message, calendar);
    return status == STATUS_OK && arena_exhausted(arena) ? STATUS_EXHAUSTED : status;
}
