/* Claim arithmetic: which units and how much money of a line are free, and what a refund takes. */

#ifndef REDRESS_INTAKE_CLAIM_H
#define REDRESS_INTAKE_CLAIM_H

#include "intake.h"

/* What is left of a line beside the claims that are held. */
struct line_room {
    struct units *held; /* ascending, apart */
    size_t held_count;
    int64_t units_free;
    int64_t minor_left;
    int64_t tax_left;
    const struct refund *holder; /* first that holds a claim; NULL: nobody */
};

/* What a refund would take of a line. */
struct line_take {
    struct order_line *line;
    struct claim *claim; /* the row of it, NULL if the line was not asked for by name */
    struct units *units;
    size_t range_count;
    int64_t minor;
    int64_t tax_minor;
    int64_t minor_left; /* of the line, before this */
    int64_t tax_left;
};

/* What a refund would take in all. */
struct take {
    struct line_take *lines;
    size_t line_count;
    int64_t shipping_minor;
    int64_t shipping_tax_minor;
    int64_t total_minor;
};

/* STATUS_EXHAUSTED if the arena is full. */
enum status line_room(struct arena *arena, const struct order_line *line,
                      struct line_room *room) CHECK_RESULT;

/* The `count` lowest free units; count <= units_free. */
enum status room_take_lowest(struct arena *arena, const struct line_room *room, int64_t count,
                             struct line_take *take) CHECK_RESULT;

/* True if none of the ranges is held. */
bool room_has(const struct line_room *room, const struct units *units, size_t range_count);

/* What the units of the ranges were sold for. */
int64_t line_worth(const struct order_line *line, const struct units *units, size_t range_count);

/* Tax inside `minor` of what was paid for something: tax * minor / paid, half up, moved where
 * needed so that what stays (paid_left - minor) can still hold the tax that stays. Hence the last
 * claim takes all that is left, and parts add up. minor <= left, tax_left <= left. */
int64_t tax_share(int64_t tax, int64_t paid, int64_t tax_left, int64_t left, int64_t minor);

int64_t units_count(const struct units *units, size_t range_count);

/* Units of the line that refunds other than `refund` hold. */
int64_t line_units_held_by_others(const struct order_line *line, const struct refund *refund);

/* Shipping that is not claimed, its tax, and who holds the rest. */
int64_t shipping_left(const struct order *order, int64_t *tax_left, const struct refund **holder);

/* Works out what the refund's request takes, or why it can take nothing: then `rejection->reason`
 * is set. Nothing is changed. */
enum status claim_admit(struct arena *arena, const struct order *order, const struct refund *refund,
                        struct take *take, struct rejection *rejection) CHECK_RESULT;

/* The same for a refund whose claims were released: as much as it had, the same units where they
 * are still free. CLAIM_TAKEN if that cannot be. */
enum status claim_readmit(struct arena *arena, const struct order *order,
                          const struct refund *refund, struct take *take,
                          struct rejection *rejection) CHECK_RESULT;

/* The refund holds what was worked out. */
enum status claim_commit(struct arena *arena, const struct order *order, struct refund *refund,
                         const struct take *take) CHECK_RESULT;

/* Lowers the claim to `paid_minor`, spread over what it was; units stay. */
enum status claim_lower(struct arena *arena, struct refund *refund,
                        int64_t paid_minor) CHECK_RESULT;

/* The highest `count` units that the refund has of the line become free. */
void claim_return_units(struct refund *refund, const char *line_id, int64_t count);

#endif
