#include "dmn_index.h"

#include <stdlib.h>
#include <string.h>

#include "feel_calendar.h"
#include "feel_constant.h"
#include "feel_number.h"
#include "feel_temporal.h"

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

static int order(const struct feel_value *left, const struct feel_value *right)
{
    int result = 0;
    if (left->kind == FEEL_BOOLEAN)
        return (int)left->boolean - (int)right->boolean;
    (void)feel_order(left, right, &result);
    return result;
}

static int by_order(const void *left, const void *right)
{
    return order(left, right);
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

/* An integer that orders dates, or whole numbers, among each other. */
static bool key_of(const struct feel_value *value, int64_t *key)
{
    if (value->kind == FEEL_NUMBER)
        return feel_number_integer(value->number, key);
    if (value->kind != FEEL_DATE)
        return false;
    *key = feel_days_from_civil(value->moment.year, value->moment.month, value->moment.day);
    return true;
}

static size_t position_by_key(const struct dmn_column_index *column, int64_t key, bool *found)
{
    size_t low = 0, count = column->point_count;
    while (count > 0) { /* the first key that is not below */
        size_t half = count / 2;
        bool below = column->keys[low + half] < key;
        low = below ? low + half + 1 : low;
        count = below ? count - half - 1 : half;
    }
    *found = low < column->point_count && column->keys[low] == key;
    return low;
}

static size_t position(const struct dmn_column_index *column, const struct feel_value *value,
                       bool *found)
{
    int64_t key;
    if (column->keys != NULL && key_of(value, &key))
        return position_by_key(column, key, found);
    size_t low = 0, high = column->point_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int way = order(&column->points[middle], value);
        if (way == 0) {
            *found = true;
            return middle;
        }
        if (way < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = false;
    return low;
}

uint32_t dmn_index_segment(const struct dmn_column_index *column, const struct feel_value *value)
{
    bool found;
    size_t at = position(column, value, &found);
    return (uint32_t)(2 * at + (found ? 1 : 0));
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

static int by_first(const void *left, const void *right)
{
    const struct dmn_interval *a = left, *b = right;
    return (a->first > b->first) - (a->first < b->first);
}

/* Sorted and without overlaps, in place. */
static size_t unite(struct dmn_interval *intervals, size_t count)
{
    size_t kept = 0;
    qsort(intervals, count, sizeof *intervals, by_first);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && intervals[i].first <= intervals[kept - 1].last + 1) {
            if (intervals[i].last > intervals[kept - 1].last)
                intervals[kept - 1].last = intervals[i].last;
        } else {
            intervals[kept++] = intervals[i];
        }
    }
    return kept;
}

/* What the intervals leave out, into `out`, which has room for one more. */
static size_t complement(const struct dmn_interval *intervals, size_t count, uint32_t last,
                         struct dmn_interval *out)
{
    size_t kept = 0;
    uint32_t next = 0;
    for (size_t i = 0; i < count; i++) {
        if (intervals[i].first > next)
            out[kept++] = (struct dmn_interval){next, intervals[i].first - 1};
        next = intervals[i].last + 1;
    }
    if (next <= last)
        out[kept++] = (struct dmn_interval){next, last};
    return kept;
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
    count = unite(own, count);
    struct dmn_interval *out = &column->intervals[*used];
    if (tests->negated)
        count = complement(own, count, last_segment(column), out);
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
            order(&column->points[column->point_count - 1], &column->points[i]) != 0)
            column->points[column->point_count++] = column->points[i];
    return true;
}

static bool set_keys(struct building *b, struct dmn_column_index *column)
{
    int64_t *keys = take(b, column->point_count + 1, sizeof *keys);
    if (keys == NULL)
        return false;
    for (size_t i = 0; i < column->point_count; i++)
        if (!key_of(&column->points[i], &keys[i]))
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
    return b->whole || fill_segments(b, column);
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

enum { NOT_INDEXED = UINT32_MAX };

/* The segment of an input in a column; NOT_INDEXED where its tests have to be tried. */
static uint32_t locate(const struct dmn_column_index *column, const struct feel_value *input)
{
    int32_t offset_s;
    if (column->kind == FEEL_NULL || input->kind != column->kind)
        return NOT_INDEXED;
    if (input->kind == FEEL_DATE_TIME && !feel_moment_offset(input, &offset_s))
        return NOT_INDEXED;
    return dmn_index_segment(column, input);
}

static bool in_cell(const struct dmn_column_index *column, const struct dmn_cell_index *cell,
                    uint32_t segment)
{
    for (uint32_t i = 0; i < cell->count; i++) {
        struct dmn_interval in = column->intervals[cell->start + i];
        if (segment >= in.first && segment <= in.last)
            return true;
    }
    return false;
}

/* One look-up: where the inputs lie, and which column names the fewest candidates. */
struct lookup {
    const struct dmn_index *index;
    struct feel_run *run;
    const struct feel_frame *frame;
    const struct feel_value *inputs;
    const uint32_t *segments;
};

static bool passes(const struct lookup *at, uint32_t rule)
{
    const struct dmn_table *table = at->index->table;
    for (size_t i = 0; i < table->input_count; i++) {
        const struct dmn_column_index *column = &at->index->columns[i];
        const struct dmn_cell_index *cell = &column->cells[rule];
        if (cell->any)
            continue;
        if (!cell->residue && at->segments[i] != NOT_INDEXED) {
            if (!in_cell(column, cell, at->segments[i]))
                return false;
            continue;
        }
        at->run->place = &table->rules[rule].places[i];
        if (feel_test(at->run, table->rules[rule].tests[i], at->frame, &at->inputs[i]) != FEEL_TRUE)
            return false;
    }
    return true;
}

static const struct dmn_column_index *most_selective(const struct lookup *at, uint32_t *segment)
{
    const struct dmn_column_index *best = NULL;
    size_t fewest = at->index->table->rule_count;
    for (size_t i = 0; i < at->index->table->input_count; i++) {
        const struct dmn_column_index *column = &at->index->columns[i];
        if (at->segments[i] == NOT_INDEXED || column->segments == NULL)
            continue;
        size_t candidates = column->segment_counts[at->segments[i]] + column->open_count;
        if (candidates < fewest) {
            fewest = candidates;
            best = column;
            *segment = at->segments[i];
        }
    }
    return best;
}

/* Candidates in rule order: those of the segment merged with those that the column leaves open, or
 * every rule where no column helps. */
static uint32_t next_candidate(const struct dmn_column_index *column, uint32_t segment,
                               size_t *named, size_t *open, uint32_t rules)
{
    if (column == NULL)
        return *named < rules ? (uint32_t)(*named)++ : UINT32_MAX;
    const uint32_t *list = column->segments[segment];
    uint32_t a = *named < column->segment_counts[segment] ? list[*named] : UINT32_MAX;
    uint32_t b = *open < column->open_count ? column->open[*open] : UINT32_MAX;
    if (a < b) {
        (*named)++;
        return a;
    }
    if (b != UINT32_MAX)
        (*open)++;
    return b;
}

bool dmn_index_hits(const struct dmn_index *index, struct feel_run *run,
                    const struct feel_frame *frame, const struct feel_value *inputs,
                    bool first_only, uint32_t *hits, size_t *count)
{
    const struct dmn_table *table = index->table;
    uint32_t *segments = feel_alloc(run, table->input_count, sizeof *segments);
    uint32_t segment = 0, rule;
    size_t named = 0, open = 0;
    if (segments == NULL)
        return false;
    for (size_t i = 0; i < table->input_count; i++)
        segments[i] = locate(&index->columns[i], &inputs[i]);
    struct lookup at = {index, run, frame, inputs, segments};
    const struct dmn_column_index *column = most_selective(&at, &segment);
    *count = 0;
    while ((rule = next_candidate(column, segment, &named, &open, (uint32_t)table->rule_count)) !=
           UINT32_MAX) {
        if (!feel_charge(run, 1))
            return false;
        if (!passes(&at, rule))
            continue;
        hits[(*count)++] = rule;
        if (first_only)
            break;
    }
    run->place = table->place;
    return run->stop == NULL;
}
