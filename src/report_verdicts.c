/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a <compare> compared, and what it found. */
#include <math.h>
#include <string.h>

#include "classification.h"
#include "report_parts.h"

/* ---- Figures by name --------------------------------------------------------------------- */

const char *report_title(Report *report, const char *figure)
{
    static const char *const known[][2] = {{"auc", "AUC"},
                                           {"iou", "IoU"},
                                           {"dice", "Dice"},
                                           {"mcc", "MCC"},
                                           {"hd95", "HD95"},
                                           {"nsd", "NSD"},
                                           {"ece", "ECE"},
                                           {"brier", "Brier score"},
                                           {"f1", "F1"},
                                           {"kid", "KID"},
                                           {"macro_f1", "macro F1"},
                                           {"g_mean", "G-mean"},
                                           {"frechet", "Fréchet distance"}};
    for (size_t k = 0; k < COUNT(known); k++)
        if (strcmp(known[k][0], figure) == 0)
            return known[k][1];
    char *title = arena_text(report->memory, figure);
    for (char *at = title; *at; at++)
        if (*at == '_' || *at == '.')
            *at = ' ';
    return title;
}

static int class_count(const ReportNode *scores)
{
    const char *name;
    json_t *value;
    int cells = 0;
    json_object_foreach((json_t *)(uintptr_t)scores->figures, name,
                        value) if (strncmp(name, "confusion.", 10) == 0) cells++;
    return (int)(sqrt(cells) + 0.5);
}

double report_chance(const ReportNode *scores, const char *figure)
{
    if (strcmp(figure, "auc") == 0)
        return 0.5;
    int classes = class_count(scores);
    if (strcmp(figure, "balanced_accuracy") == 0 && classes > 1)
        return 1.0 / classes;
    return NAN;
}

bool report_judges(const ReportNode *node)
{
    return report_is(node, "evaluate_classification") || report_is(node, "evaluate_segmentation");
}

const char *report_main_figure(const ReportNode *scores)
{
    static const char *const names[] = {"auc", "dice"};
    for (size_t k = 0; k < COUNT(names); k++)
        if (json_object_get(scores->figures, names[k]))
            return names[k];
    return NULL;
}

/* ---- Verdicts ---------------------------------------------------------------------------- */

bool report_is_baseline(Report *report, const ReportVerdict *verdict, int arm)
{
    const char *label = report_label(report, verdict->arms[arm]);
    for (int f = 0; f < verdict->figure_count; f++)
        if (report_figure(verdict->node, "difference.%s.%s", verdict->figures[f], label).there)
            return false;
    return true;
}

/* "auc" of "difference.auc.smote", once. */
static void add_figure(Report *report, ReportVerdict *verdict, const char *name, const char *arm)
{
    static const char before[] = "difference.";
    size_t length = strlen(name), tail = strlen(arm), head = sizeof before - 1;
    if (length <= head + tail + 1 || strncmp(name, before, head) != 0 ||
        strcmp(name + length - tail, arm) != 0 || name[length - tail - 1] != '.')
        return;
    const char *figure = arena_slice(report->memory, name + head, length - head - tail - 1);
    for (int k = 0; k < verdict->figure_count; k++)
        if (strcmp(verdict->figures[k], figure) == 0)
            return;
    const char **more = arena_take(report->memory, (size_t)verdict->figure_count + 1, sizeof *more);
    memcpy(more, verdict->figures, (size_t)verdict->figure_count * sizeof *more);
    more[verdict->figure_count++] = figure;
    verdict->figures = more;
}

static void put_first(ReportVerdict *verdict, const char *figure)
{
    for (int k = 0; k < verdict->figure_count; k++) {
        if (strcmp(verdict->figures[k], figure) != 0)
            continue;
        const char *found = verdict->figures[k];
        memmove(verdict->figures + 1, verdict->figures, (size_t)k * sizeof found);
        verdict->figures[0] = found;
    }
}

static void find_figures(Report *report, ReportVerdict *verdict)
{
    const char *name;
    json_t *value;
    verdict->figures = arena_take(report->memory, 1, sizeof *verdict->figures);
    for (int a = 0; a < verdict->count; a++)
        json_object_foreach((json_t *)(uintptr_t)verdict->node->figures, name, value)
            add_figure(report, verdict, name, report_label(report, verdict->arms[a]));
    put_first(verdict, "iou");
    put_first(verdict, "dice");
    put_first(verdict, "balanced_accuracy");
    put_first(verdict, "auc");
}

static void open_verdict(Report *report, ReportNode *node, ReportVerdict *verdict)
{
    size_t inputs = json_array_size(json_object_get(node->entry, "inputs"));
    const char *level = report_attribute(node, "level");
    *verdict = (ReportVerdict){.node = node, .level = 0.05};
    if (level)
        text_to_real(level, &verdict->level);
    verdict->arms = arena_take(report->memory, inputs + 1, sizeof *verdict->arms);
    for (size_t k = 0; k < inputs; k++) {
        ReportNode *arm = report_input(report, node, "scores", (int)k);
        if (arm)
            verdict->arms[verdict->count++] = arm;
    }
    find_figures(report, verdict);
    int baselines = 0;
    for (int a = 0; a < verdict->count; a++)
        if (report_is_baseline(report, verdict, a)) {
            verdict->baseline = report_label(report, verdict->arms[a]);
            baselines++;
        }
    const char *named = report_attribute(node, "baseline");
    if (baselines != 1)
        verdict->baseline = named && *named ? named : NULL;
}

ReportVerdict *report_verdicts(Report *report, int *count)
{
    ReportVerdict *verdicts =
        arena_take(report->memory, (size_t)report->node_count + 1, sizeof *verdicts);
    *count = 0;
    for (int k = 0; k < report->node_count; k++)
        if (report_is(&report->nodes[k], "compare"))
            open_verdict(report, &report->nodes[k], &verdicts[(*count)++]);
    return verdicts;
}

/* Where the run does not say: by p of the figures that a verdict goes by. */
static int judge_by_p(const ReportVerdict *verdict, const char *label)
{
    int judgement = 0;
    for (int f = 0; f < verdict->figure_count && f < 2; f++) {
        ReportFigure p = report_figure(verdict->node, "p.%s.%s", verdict->figures[f], label);
        ReportFigure apart =
            report_figure(verdict->node, "difference.%s.%s", verdict->figures[f], label);
        if (p.value < verdict->level && !judgement)
            judgement = apart.value > 0 ? 1 : -1;
    }
    return judgement;
}

int report_judgement(Report *report, const ReportVerdict *verdict, int arm, bool *withheld)
{
    const char *label = report_label(report, verdict->arms[arm]);
    ReportFigure said = report_figure(verdict->node, "verdict.%s", label);
    *withheld = said.there && isnan(said.value);
    if (!said.there)
        return judge_by_p(verdict, label);
    return isnan(said.value) ? 0 : (said.value > 0) - (said.value < 0);
}

/* Of arms without evidence the answer has told, and the rest stands with all that nodes said.
 * What is said of all arms is not indented, the cells of tables stand two blanks apart. */
void report_words(const ReportNode *node, Text *list)
{
    for (size_t k = 0; k < json_array_size(node->lines); k++) {
        const json_t *line = json_array_get(node->lines, k);
        const char *text = report_text(line, "text");
        size_t blanks = text ? strspn(text, " ") : 0;
        if (blanks && !strstr(text + blanks, "  ") && !strstr(text, "': no evidence (") &&
            !json_is_true(json_object_get(line, "warning")))
            html_add(list, "<li>", text + blanks, "</li>\n");
    }
}
