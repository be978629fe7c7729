/* How an index comes about: the boundaries of each column, and the rules of each segment. */

#include "dmn_index.h"

#include <stdlib.h>
#include <string.h>

#include "feel_constant.h"

/* An index under construction. */
struct building {
    const struct dmn_table *table;
    struct arena *arena;
    bool whole; /* for analysis: allowed values are boundaries too */
    bool exhausted;
};

enum {
    RULES_MIN = 4,               /* below, trying each rule is as quick */
    SEGMENT_RULES_MAX = 4000000, /* entries of all segments of one column */
    CELL_TESTS_MAX = 1024        /* tests of one cell that are indexed */
};

static void *take(struct building *b, size_t count, size_t size)
{
    void *memory = arena_array(b->arena, count, size);
    b->exhausted |= memory == NULL;
    return memory;
}

static bool indexable(const struct feel_value *value)
{
    switch (value->kind) {
    case FEEL_BOOLEAN:
    case FEEL_NUMBER:
    case FEEL_STRING:
    case FEEL_DATE:
    case FEEL_DAYS:
    case FEEL_MONTHS:
        return true;
    case FEEL_DATE_TIME:
        return value->moment.zone_kind == FEEL_ZONE_OFFSET;
    case FEEL_NULL:
    case FEEL_TIME:
    case FEEL_LIST:
    case FEEL_CONTEXT:
    case FEEL_RANGE:
    case FEEL_FUNCTION:
        break;
    }
    return false;
}

static int by_order(const void *left, const void *right)
{
    return dmn_index_order(left, right);
}

/* The end values of a range that there are. */
static size_t ends_of(const struct feel_value *value, const struct feel_value *ends[2])
{
    size_t count = 0;
    if (value->kind != FEEL_RANGE) {
        ends[0] = value;
        return 1;
    }
    if (value->range->low.kind != FEEL_NULL)
        ends[count++] = &value->range->low;
    if (value->range->high.kind != FEEL_NULL)
        ends[count++] = &value->range->high;
    return count;
}

/* Whether a test's value can be placed among boundaries of that kind. */
static bool placeable(const struct feel_value *value, enum feel_kind kind)
{
    const struct feel_value *ends[2];
    size_t count = ends_of(value, ends);
    bool interval = value->kind == FEEL_RANGE && value->range->form == FEEL_INTERVAL;
    bool ordered = value->kind == FEEL_RANGE && value->range->form != FEEL_EQUAL &&
                   value->range->form != FEEL_UNEQUAL;
    if (count == 0 || (interval && count != 2) || (ordered && kind == FEEL_BOOLEAN))
        return false;
    for (size_t i = 0; i < count; i++)
        if (ends[i]->kind != kind || !indexable(ends[i]))
            return false;
    return true;
}

static bool constant_tests(const struct feel_node *tests)
{
    if (tests->op != FEEL_OP_TESTS || tests->count > CELL_TESTS_MAX)
        return false;
    for (uint32_t i = 0; i < tests->count; i++)
        if (tests->items[i]->reads_input || !feel_is_constant(tests->items[i]))
            return false;
    return true;
}

/* The values of a cell's tests, or NULL where one cannot be placed. */
static struct feel_value *cell_values(struct building *b, const struct feel_node *tests,
                                      enum feel_kind *kind)
{
    if (!constant_tests(tests))
        return NULL;
    struct feel_value *values = take(b, tests->count, sizeof *values);
    for (uint32_t i = 0; values != NULL && i < tests->count; i++) {
        const struct feel_value *ends[2];
        values[i] = feel_constant(b->arena, &b->table->model->set->zones, tests->items[i]);
        if (*kind == FEEL_NULL && ends_of(&values[i], ends) > 0)
            *kind = ends[0]->kind;
        if (!placeable(&values[i], *kind))
            return NULL;
    }
    return values;
}

static uint32_t last_segment(const struct dmn_column_index *column)
{
    return (uint32_t)(2 * column->point_count);
}

/* One or two intervals for a test's value; none where nothing lies in it. */
static size_t place(const struct dmn_column_index *column, const struct feel_value *value,
                    struct dmn_interval out[2])
{
    uint32_t last = last_segment(column);
    if (value->kind != FEEL_RANGE) {
        uint32_t at = dmn_index_segment(column, value);
        out[0] = (struct dmn_interval){at, at};
        return 1;
    }
    const struct feel_range *range = value->range;
    if (range->form == FEEL_EQUAL || range->form == FEEL_UNEQUAL) {
        uint32_t at = dmn_index_segment(column, &range->low);
        out[0] = (struct dmn_interval){at, at};
        if (range->form == FEEL_EQUAL)
            return 1;
        out[0] = (struct dmn_interval){0, at - 1};
        out[1] = (struct dmn_interval){at + 1, last};
        return 2;
    }
    uint32_t first = 0, end = last;
    if (range->low.kind != FEEL_NULL)
        first = dmn_index_segment(column, &range->low) + (range->low_closed ? 0 : 1);
    if (range->high.kind != FEEL_NULL)
        end = dmn_index_segment(column, &range->high) - (range->high_closed ? 0 : 1);
    out[0] = (struct dmn_interval){first, end};
    return first <= end ? 1 : 0;
}

static bool build_cell(struct building *b, struct dmn_column_index *column,
                       struct dmn_cell_index *cell, const struct feel_node *tests,
                       const struct feel_value *values, size_t *used)
{
    struct dmn_interval *own = take(b, (size_t)tests->count * 2 + 1, sizeof *own);
    size_t count = 0;
    if (own == NULL)
        return false;
    for (uint32_t i = 0; i < tests->count; i++)
        count += place(column, &values[i], &own[count]);
    count = dmn_intervals_unite(own, count);
    struct dmn_interval *out = &column->intervals[*used];
    if (tests->negated)
        count = dmn_intervals_complement(own, count, last_segment(column), out);
    else
        memcpy(out, own, count * sizeof *own);
    cell->start = (uint32_t)*used;
    cell->count = (uint32_t)count;
    *used += count;
    return true;
}

static size_t add_ends(struct feel_value *points, size_t count, const struct feel_value *value)
{
    const struct feel_value *ends[2];
    size_t found = ends_of(value, ends);
    for (size_t e = 0; e < found; e++)
        points[count++] = *ends[e];
    return count;
}

static bool collect_points(struct building *b, struct dmn_column_index *column,
                           struct feel_value *const *values, size_t input, size_t *tests)
{
    size_t rules = b->table->rule_count, count = 0;
    const struct feel_node *allowed = b->whole ? dmn_input_allowed(b->table, input) : NULL;
    struct feel_value *extra = allowed == NULL ? NULL : cell_values(b, allowed, &column->kind);
    *tests = extra == NULL ? 0 : allowed->count;
    for (size_t r = 0; r < rules; r++)
        if (values[r] != NULL)
            *tests += b->table->rules[r].tests[input]->count;
    column->points = take(b, *tests * 2 + 1, sizeof *column->points);
    if (column->points == NULL)
        return false;
    for (size_t r = 0; r < rules; r++)
        for (uint32_t i = 0; values[r] != NULL && i < b->table->rules[r].tests[input]->count; i++)
            count = add_ends(column->points, count, &values[r][i]);
    for (uint32_t i = 0; extra != NULL && i < allowed->count; i++)
        count = add_ends(column->points, count, &extra[i]);
    qsort(column->points, count, sizeof *column->points, by_order);
    for (size_t i = 0; i < count; i++)
        if (column->point_count == 0 ||
            dmn_index_order(&column->points[column->point_count - 1], &column->points[i]) != 0)
            column->points[column->point_count++] = column->points[i];
    return true;
}

static bool set_keys(struct building *b, struct dmn_column_index *column)
{
    int64_t *keys = take(b, column->point_count + 1, sizeof *keys);
    if (keys == NULL)
        return false;
    for (size_t i = 0; i < column->point_count; i++)
        if (!dmn_index_key(&column->points[i], &keys[i]))
            return true;
    column->keys = keys;
    return true;
}

/* The rules of each segment, unless that would be too many entries. */
static bool fill_segments(struct building *b, struct dmn_column_index *column)
{
    size_t segments = 2 * column->point_count + 1, rules = b->table->rule_count, total = 0;
    column->segment_counts = take(b, segments + 1, sizeof *column->segment_counts);
    if (column->segment_counts == NULL)
        return false;
    for (size_t r = 0; r < rules; r++)
        for (uint32_t i = 0; i < column->cells[r].count; i++) {
            struct dmn_interval in = column->intervals[column->cells[r].start + i];
            total += in.last - in.first + 1u;
            for (uint32_t s = in.first; total <= SEGMENT_RULES_MAX && s <= in.last; s++)
                column->segment_counts[s]++;
        }
    if (total > SEGMENT_RULES_MAX)
        return true;
    uint32_t *pool = take(b, total + 1, sizeof *pool);
    uint32_t **lists = take(b, segments, sizeof *lists);
    if (pool == NULL || lists == NULL)
        return false;
    for (size_t s = 0; s < segments; s++) {
        lists[s] = pool;
        pool += column->segment_counts[s];
        column->segment_counts[s] = 0;
    }
    for (size_t r = 0; r < rules; r++)
        for (uint32_t i = 0; i < column->cells[r].count; i++) {
            struct dmn_interval in = column->intervals[column->cells[r].start + i];
            for (uint32_t s = in.first; s <= in.last; s++)
                lists[s][column->segment_counts[s]++] = (uint32_t)r;
        }
    column->segments = (const uint32_t **)lists;
    return true;
}

/* The rules of each segment as sets. */
static bool fill_sets(struct building *b, struct dmn_column_index *column)
{
    size_t segments = 2 * column->point_count + 1;
    column->passing = take(b, segments, sizeof *column->passing);
    if (column->passing == NULL)
        return false;
    for (size_t r = 0; r < b->table->rule_count; r++) {
        const struct dmn_cell_index *cell = &column->cells[r];
        uint64_t bit = UINT64_C(1) << r;
        column->any |= cell->any ? bit : 0;
        column->residue |= cell->residue ? bit : 0;
        for (uint32_t i = 0; i < cell->count; i++) {
            struct dmn_interval in = column->intervals[cell->start + i];
            for (uint32_t s = in.first; s <= in.last; s++)
                column->passing[s] |= bit;
        }
    }
    for (size_t s = 0; s < segments; s++)
        column->passing[s] |= column->any | column->residue;
    return true;
}

static bool build_column(struct building *b, struct dmn_column_index *column, size_t input)
{
    size_t rules = b->table->rule_count, tests, used = 0;
    struct feel_value **values = take(b, rules, sizeof *values);
    column->cells = take(b, rules, sizeof *column->cells);
    column->open = take(b, rules, sizeof *column->open);
    if (values == NULL || column->cells == NULL || column->open == NULL)
        return false;
    for (size_t r = 0; r < rules; r++) {
        const struct feel_node *node = b->table->rules[r].tests[input];
        column->cells[r].any = node->op == FEEL_OP_ANY_INPUT;
        values[r] = column->cells[r].any ? NULL : cell_values(b, node, &column->kind);
        column->cells[r].residue = values[r] == NULL && !column->cells[r].any;
        if (values[r] == NULL)
            column->open[column->open_count++] = (uint32_t)r;
    }
    if (!collect_points(b, column, values, input, &tests) || !set_keys(b, column))
        return false;
    column->intervals = take(b, tests * 2 + rules + 1, sizeof *column->intervals);
    if (column->intervals == NULL)
        return false;
    for (size_t r = 0; r < rules; r++)
        if (values[r] != NULL && !build_cell(b, column, &column->cells[r],
                                             b->table->rules[r].tests[input], values[r], &used))
            return false;
    if (b->whole)
        return true;
    return rules <= DMN_INDEX_SET_RULES ? fill_sets(b, column) : fill_segments(b, column);
}

static const struct dmn_index *build(struct building *b)
{
    const struct dmn_table *table = b->table;
    struct dmn_index *index = take(b, 1, sizeof *index);
    struct dmn_column_index *columns = take(b, table->input_count, sizeof *columns);
    for (size_t i = 0; i < table->input_count && columns != NULL; i++)
        if (!build_column(b, &columns[i], i))
            return NULL;
    if (index == NULL || columns == NULL || b->exhausted)
        return NULL;
    index->table = table;
    index->columns = columns;
    return index;
}

const struct dmn_index *dmn_index_build(const struct dmn_table *table, struct arena *arena)
{
    struct building b = {.table = table, .arena = arena};
    if (table->rule_count < RULES_MIN || table->input_count == 0)
        return NULL;
    return build(&b);
}

const struct dmn_index *dmn_index_map(const struct dmn_table *table, struct arena *arena)
{
    struct building b = {.table = table, .arena = arena, .whole = true};
    return build(&b);
}
