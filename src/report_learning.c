/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stages learnt: every series of metrics.jsonl over its steps.
 *
 * Series of one kind share a chart (a discriminator's loss and a generator's), those of other kinds
 * get a scale of their own; rounds of a loop stand side by side on one scale.
 */
#include <math.h>
#include <string.h>

#include "report_parts.h"

enum { SERIES_IN_STAGE = 64, POINTS_DRAWN = 500, LINES_MOST = 1 << 26, STAGES_MOST = 200 };

typedef struct Series {
    const char *name, *kind;
    double *step, *value;
    size_t count, room;
} Series;

typedef struct Learned {
    ReportNode *node;
    Series *series;
    size_t count;
} Learned;

/* ---- Reading ----------------------------------------------------------------------------- */

static Series *series_named(Report *report, Learned *learned, const char *name)
{
    for (size_t k = 0; k < learned->count; k++)
        if (strcmp(learned->series[k].name, name) == 0)
            return &learned->series[k];
    if (learned->count == SERIES_IN_STAGE)
        return NULL;
    name = arena_text(report->memory, name);
    learned->series[learned->count] = (Series){.name = name};
    return &learned->series[learned->count++];
}

static void series_add(Series *series, double step, double value)
{
    if (series->count == series->room) {
        series->room = 2 * series->room + 64;
        series->step = mem_grow(series->step, series->room, sizeof(double));
        series->value = mem_grow(series->value, series->room, sizeof(double));
    }
    series->step[series->count] = step;
    series->value[series->count++] = value;
}

/* Lines that cannot be read (the last one of a run that was killed) are passed over. */
static void read_line(Report *report, Learned *learned, const char *line, size_t length)
{
    json_t *object = json_loadb(line, length, 0, NULL), *value;
    double step = report_number(json_object_get(object, "step"));
    const char *name;
    json_object_foreach(object, name, value)
    {
        bool drawn = isfinite(step) && json_is_number(value) && strcmp(name, "step") != 0 &&
                     strcmp(name, "epoch") != 0;
        Series *series = drawn ? series_named(report, learned, name) : NULL;
        if (series)
            series_add(series, step, json_number_value(value));
    }
    json_decref(object);
}

/* What of a generator's health it is, by the kind's last word, and what is as in real samples. */
static const struct {
    const char *word, *told;
    double real;
} health[] = {{"diversity", "1: as diverse as real ones; 0: all the same", 1},
              {"separation", "1: classes as far apart as real ones; 0: one class", 1},
              {"nearest", "1: as near to real ones as those are; 0: copies", 1},
              {"likeness", "energy distance; 0: alike", 0}};

static bool is_health(const char *word, size_t length)
{
    for (size_t k = 0; k < COUNT(health); k++)
        if (strlen(health[k].word) == length && strncmp(health[k].word, word, length) == 0)
            return true;
    return false;
}

static bool has_parts(const Learned *learned, const char *name)
{
    size_t length = strlen(name);
    for (size_t k = 0; k < learned->count; k++)
        if (strncmp(learned->series[k].name, name, length) == 0 &&
            learned->series[k].name[length] == '.')
            return true;
    return false;
}

/* What a series is called together with others: "loss" of "d_loss", "watch" of "watch.dice", but
 * "watch.likeness" where it has parts, and "watch.likeness.diversity" of what is on a scale of its
 * own. */
static const char *kind_of(Report *report, const Learned *learned, const char *name)
{
    const char *dot = strchr(name, '.'), *bar = strrchr(name, '_');
    const char *second = dot ? strchr(dot + 1, '.') : NULL;
    size_t third = second ? strcspn(second + 1, ".") : 0;
    if (second)
        return arena_slice(report->memory, name,
                           (size_t)(second - name) +
                               (is_health(second + 1, third) ? 1 + third : 0));
    if (dot && has_parts(learned, name))
        return name;
    return dot ? arena_slice(report->memory, name, (size_t)(dot - name)) : bar ? bar + 1 : name;
}

static bool learned_read(Report *report, ReportNode *node, Learned *learned)
{
    if (strstr(node->id, "..") || strchr(node->id, '/'))
        return false;
    char *lines = report_file(
        report, arena_format(report->memory, "stages/%s/metrics.jsonl", node->id), LINES_MOST);
    *learned = (Learned){.node = node};
    learned->series = arena_take(report->memory, SERIES_IN_STAGE, sizeof *learned->series);
    for (const char *at = lines; at && *at;) {
        size_t length = strcspn(at, "\n");
        read_line(report, learned, at, length);
        at += length + (at[length] == '\n');
    }
    mem_free(lines);
    for (size_t k = 0; k < learned->count; k++)
        learned->series[k].kind = kind_of(report, learned, learned->series[k].name);
    return learned->count > 0;
}

static void learned_free(Learned *learned)
{
    for (size_t k = 0; k < learned->count; k++) {
        mem_free(learned->series[k].step);
        mem_free(learned->series[k].value);
    }
}

/* ---- Drawing ----------------------------------------------------------------------------- */

/* Means of equally many points each: what is noise from step to step shows as less. */
static size_t smooth(const Series *series, size_t points, double *x, double *y)
{
    size_t width = 1 + (series->count - 1) / points, made = 0;
    for (size_t k = 0; k < series->count; k += width, made++) {
        size_t end = k + width < series->count ? k + width : series->count;
        double steps = 0, values = 0;
        for (size_t i = k; i < end; i++) {
            steps += series->step[i];
            values += series->value[i];
        }
        x[made] = steps / (double)(end - k);
        y[made] = values / (double)(end - k);
    }
    return made;
}

static void add_series(Plot *plot, const Series *series, const char *look, Text *scratch)
{
    enum { SMOOTH = 60 };
    double x[POINTS_DRAWN + 1], y[POINTS_DRAWN + 1];
    size_t count = smooth(series, POINTS_DRAWN, x, y);
    bool noisy = series->count > 3 * SMOOTH;
    scratch->length = 0;
    text_format(scratch, "%s %s", look, noisy ? "faint" : "");
    plot_line(plot, x, y, count, text_value(scratch));
    if (noisy)
        plot_line(plot, x, y, smooth(series, SMOOTH, x, y), look);
    else if (count < 16)
        for (size_t k = 0; k < count; k++) {
            scratch->length = 0;
            text_format(scratch, "dot %s", look);
            plot_dot(plot, x[k], y[k], 2.4, text_value(scratch), NULL);
        }
}

static void widen(const Series *series, double *low, double *high)
{
    for (size_t k = 0; k < series->count; k++) {
        *low = fmin(*low, series->value[k]);
        *high = fmax(*high, series->value[k]);
    }
}

static double last_step(const Learned *learned)
{
    double last = 0;
    for (size_t k = 0; k < learned->count; k++)
        last = fmax(last, learned->series[k].step[learned->series[k].count - 1]);
    return last;
}

static double real_of(const char *kind, const char **told)
{
    const char *dot = strrchr(kind, '.');
    for (size_t k = 0; dot && k < COUNT(health); k++)
        if (strcmp(dot + 1, health[k].word) == 0) {
            *told = health[k].told;
            return health[k].real;
        }
    return NAN;
}

/* "high" of "watch.likeness.diversity.high", "dice" of "watch.dice", "d_loss" itself. */
static const char *name_in(const Series *series)
{
    size_t length = strlen(series->kind);
    if (strncmp(series->name, series->kind, length) != 0)
        return series->name;
    return series->name[length] == '.' ? series->name + length + 1
           : strchr(series->name, '.') ? "overall"
                                       : series->name;
}

/* Those of a kind, drawn into one chart with their names at their ends. */
static void add_chart(Report *report, const Learned *learned, const char *kind,
                      const double range[2], const char *caption)
{
    static const char *const looks[] = {"c0", "c1", "c2", "c3", "c4", "c5"};
    PlotName names[SERIES_IN_STAGE];
    Text scratch = {0};
    size_t count = 0, members = 0;
    for (size_t k = 0; k < learned->count; k++)
        members += strcmp(learned->series[k].kind, kind) == 0;
    PlotFrame frame = {.width = members > 1 ? 340 : 260,
                       .height = 190,
                       .right = members > 1 ? 96 : 0,
                       .x = {.high = last_step(learned), .title = "steps"},
                       .y = plot_axis(range, 2, false),
                       .title = caption};
    const char *told = NULL;
    double real = real_of(kind, &told);
    report_figure_begin(report, "learning", learned->node->id, caption);
    if (told)
        html_add(&report->page, "<p class=\"note\">", told, "</p>");
    Plot plot = plot_begin(&report->page, &frame);
    ReportFigure best = report_figure(learned->node, "best_step");
    if (isfinite(best.value))
        plot_rule_x(&plot, best.value, "kept");
    plot_rule_y(&plot, real, NULL);
    for (size_t k = 0; k < learned->count; k++) {
        const Series *series = &learned->series[k];
        if (strcmp(series->kind, kind) != 0)
            continue;
        const char *look = looks[count % COUNT(looks)];
        add_series(&plot, series, look, &scratch);
        names[count++] = (PlotName){name_in(series), look, series->value[series->count - 1]};
    }
    if (members > 1)
        plot_names(&plot, names, count);
    plot_end(&plot);
    report_figure_end(report);
    text_free(&scratch);
}

static bool first_of_kind(const Learned *learned, size_t k)
{
    for (size_t other = 0; other < k; other++)
        if (strcmp(learned->series[other].kind, learned->series[k].kind) == 0)
            return false;
    return true;
}

/* NULL: the stage has none of that kind. */
static const char *caption_of(Report *report, const Learned *learned, const char *kind, bool loop)
{
    const char *what = NULL;
    for (size_t k = 0; k < learned->count; k++)
        if (strcmp(learned->series[k].kind, kind) == 0)
            what = what ? kind : learned->series[k].name;
    return loop && what
               ? arena_format(report->memory, "%s: %s", report_label(report, learned->node), what)
               : what;
}

/* Of all rounds of a loop, or of one stage: kinds with one scale for all. */
static void add_group(Report *report, const Learned *group, size_t count)
{
    const Learned *first = &group[0];
    html_add(&report->page, "<h3>", report_base(report, first->node), "");
    if (count > 1)
        text_format(&report->page, " <span class=\"quiet\">%zu rounds, one scale</span>", count);
    text_add(&report->page, "</h3>\n<div class=\"grid learning\">\n");
    for (size_t k = 0; k < first->count; k++) {
        if (!first_of_kind(first, k))
            continue;
        const char *kind = first->series[k].kind;
        const char *told;
        double real = real_of(kind, &told);
        double range[2] = {isnan(real) ? INFINITY : real, isnan(real) ? -INFINITY : real};
        for (size_t g = 0; g < count; g++)
            for (size_t s = 0; s < group[g].count; s++)
                if (strcmp(group[g].series[s].kind, kind) == 0)
                    widen(&group[g].series[s], &range[0], &range[1]);
        for (size_t g = 0; g < count; g++) {
            const char *caption = caption_of(report, &group[g], kind, count > 1);
            if (caption)
                add_chart(report, &group[g], kind, range, caption);
        }
    }
    text_add(&report->page, "</div>\n");
}

void report_learning(Report *report)
{
    Learned *all = arena_take(report->memory, STAGES_MOST, sizeof *all);
    Learned *group = arena_take(report->memory, STAGES_MOST, sizeof *group);
    size_t count = 0, trained = 0;
    for (int k = 0; k < report->node_count; k++) {
        if (!report_is(&report->nodes[k], "train"))
            continue;
        trained++;
        if (count < STAGES_MOST && learned_read(report, &report->nodes[k], &all[count]))
            count++;
    }
    if (trained > count)
        report_misses(report,
                      "learning curves of %zu of %zu train stages: no metrics.jsonl of "
                      "them",
                      trained - count, trained);
    if (count)
        report_heading(report, "learning", "Learning");
    bool done[STAGES_MOST] = {false};
    for (size_t k = 0; k < count; k++) {
        size_t members = 0;
        const char *base = report_base(report, all[k].node);
        for (size_t other = k; other < count && !done[k]; other++)
            if (strcmp(report_base(report, all[other].node), base) == 0) {
                group[members++] = all[other];
                done[other] = other != k;
            }
        if (!done[k])
            add_group(report, group, members);
    }
    for (size_t k = 0; k < count; k++)
        learned_free(&all[k]);
    if (count)
        text_add(&report->page, "<p class=\"note\">Pale: every report of the stage. Full: means of "
                                "neighbours. “kept” marks the step whose weights were kept.</p>\n");
}
