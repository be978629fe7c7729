#include "dmn_index.h"

#include "feel_calendar.h"
#include "feel_number.h"
#include "feel_temporal.h"

int dmn_index_order(const struct feel_value *left, const struct feel_value *right)
{
    int result = 0;
    if (left->kind == FEEL_BOOLEAN)
        return (int)left->boolean - (int)right->boolean;
    (void)feel_order(left, right, &result);
    return result;
}

bool dmn_index_key(const struct feel_value *value, int64_t *key)
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
    if (column->keys != NULL && dmn_index_key(value, &key))
        return position_by_key(column, key, found);
    size_t low = 0, high = column->point_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int way = dmn_index_order(&column->points[middle], value);
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

/* Tables of many rules: the candidates of one column, tried one by one. */
static bool search_lists(const struct lookup *at, bool first_only, uint32_t *hits, size_t *count)
{
    uint32_t segment = 0, rule, rules = (uint32_t)at->index->table->rule_count;
    size_t named = 0, open = 0;
    const struct dmn_column_index *column = most_selective(at, &segment);
    while ((rule = next_candidate(column, segment, &named, &open, rules)) != UINT32_MAX) {
        if (!feel_charge(at->run, 1))
            return false;
        if (!passes(at, rule))
            continue;
        hits[(*count)++] = rule;
        if (first_only)
            break;
    }
    return true;
}

/* Tables of few rules: what the columns leave, by sets; tried are only rules with a cell that no
 * segment speaks for. */
static bool search_sets(const struct lookup *at, bool first_only, uint32_t *hits, size_t *count)
{
    const struct dmn_table *table = at->index->table;
    uint64_t left = UINT64_MAX >> (DMN_INDEX_SET_RULES - table->rule_count), open = 0;
    for (size_t i = 0; i < table->input_count; i++) {
        const struct dmn_column_index *column = &at->index->columns[i];
        bool known = at->segments[i] != NOT_INDEXED;
        left &= known ? column->passing[at->segments[i]] : UINT64_MAX;
        open |= known ? column->residue : ~column->any;
    }
    for (; left != 0; left &= left - 1) {
        uint32_t rule = (uint32_t)__builtin_ctzll(left);
        if (!feel_charge(at->run, 1))
            return false;
        if ((open >> rule & 1) != 0 && !passes(at, rule))
            continue;
        hits[(*count)++] = rule;
        if (first_only)
            break;
    }
    return true;
}

bool dmn_index_hits(const struct dmn_index *index, struct feel_run *run,
                    const struct feel_frame *frame, const struct feel_value *inputs,
                    bool first_only, uint32_t *hits, size_t *count)
{
    const struct dmn_table *table = index->table;
    uint32_t *segments = feel_room(run, table->input_count, sizeof *segments);
    if (segments == NULL)
        return false;
    for (size_t i = 0; i < table->input_count; i++)
        segments[i] = locate(&index->columns[i], &inputs[i]);
    struct lookup at = {index, run, frame, inputs, segments};
    *count = 0;
    bool whole = table->rule_count <= DMN_INDEX_SET_RULES
                     ? search_sets(&at, first_only, hits, count)
                     : search_lists(&at, first_only, hits, count);
    run->place = table->place;
    return whole && run->stop == NULL;
}
