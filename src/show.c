/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show.h"

#include <string.h>

#include "file.h"
#include "run.h"
#include "show_parts.h"

/* ---- Words ---- */

const char *shape_brief(Arena *arena, FornixShape s)
{
    long long d = s.d, h = s.h, w = s.w, c = s.c;
    if (d == 1 && h == 1 && w == 1)
        return arena_format(arena, "%lld", c);
    if (d == h && h == w)
        return arena_format(arena, "%lld³×%lld", w, c);
    if (d == 1 && h == w)
        return arena_format(arena, "%lld²×%lld", w, c);
    if (d == 1)
        return arena_format(arena, "%lld×%lld×%lld", h, w, c);
    return arena_format(arena, "%lld×%lld×%lld×%lld", d, h, w, c);
}

const char *count_brief(Arena *arena, int64_t count)
{
    if (count < 10000)
        return arena_format(arena, "%lld", (long long)count);
    bool millions = count >= 1000000;
    double value = (double)count / (millions ? 1e6 : 1e3);
    return arena_format(arena, value < 100 ? "%.1f %s" : "%.0f %s", value, millions ? "M" : "k");
}

void box_fact(Box *box, const char *fact)
{
    if (box->fact_count < FACTS_MOST)
        box->facts[box->fact_count++] = fact;
}

static int port_of(Port *ports, int *count, const char *name, const char *fact)
{
    for (int k = 0; k < *count; k++)
        if (strcmp(ports[k].name, name) == 0)
            return k;
    if (*count == PORTS_MOST)
        return NOWHERE;
    ports[*count] = (Port){name, fact};
    return (*count)++;
}

int box_input(Box *box, const char *name, const char *fact)
{
    return port_of(box->inputs, &box->input_count, name, fact);
}

int box_output(Box *box, const char *name, const char *fact)
{
    return port_of(box->outputs, &box->output_count, name, fact);
}

/* ---- What is asked for ---- */

static int wrong(const char *what, const char *name, const char *const *names, size_t count)
{
    const char *near = text_suggest(name, names, count);
    fprintf(stderr, "fornix: %s '%s'%s%s%s\n", what, name, near ? "; did you mean '" : "",
            near ? near : "", near ? "'?" : "");
    return EXIT_INPUT;
}

static Outer *stage_named(Experiment *experiment, const char *id)
{
    int count;
    Outer *const *nodes = experiment_nodes(experiment, &count);
    const char **names = mem_new((size_t)count + 1, sizeof *names);
    size_t known = 0;
    Outer *found = NULL;
    for (int k = 0; k < count && !found; k++) {
        if (!nodes[k]->stage)
            continue;
        size_t base = strcspn(nodes[k]->id, "[");
        if (strcmp(nodes[k]->id, id) == 0 ||
            (strlen(id) == base && !strncmp(nodes[k]->id, id, base)))
            found = nodes[k]; /* of a loop: its first round */
        names[known++] = nodes[k]->id;
    }
    if (!found)
        wrong("there is no stage", id, names, known);
    mem_free(names);
    return found;
}

static Outer *stage_of_net(Experiment *experiment, const char *net)
{
    int count;
    Outer *const *nodes = experiment_nodes(experiment, &count);
    const char *names[64];
    size_t known = 0;
    for (int k = 0; k < count; k++)
        for (int n = 0; nodes[k]->stage && n < nodes[k]->stage->net_count; n++) {
            if (strcmp(nodes[k]->stage->nets[n].name, net) == 0 && show_use(nodes[k]->stage, net))
                return nodes[k];
            if (known < COUNT(names))
                names[known++] = nodes[k]->stage->nets[n].name;
        }
    wrong("no stage's body uses a net", net, names, known);
    return NULL;
}

static Drawing *draw(const ShowRequest *request, Experiment *experiment)
{
    Arena *memory = arena_new();
    const char *name = experiment_name(experiment);
    Drawing *drawing = NULL;
    Outer *outer = request->stage        ? stage_named(experiment, request->stage)
                   : request->open_count ? stage_of_net(experiment, request->open[0])
                                         : NULL;
    if (request->stage && outer)
        drawing = show_stage(outer->stage, arena_format(memory, "%s: %s", name, outer->id),
                             request->open, request->open_count);
    else if (outer)
        drawing = show_net(outer->stage,
                           arena_format(memory, "net %s in %s", request->open[0], outer->id),
                           request->open, request->open_count);
    else if (!request->stage && !request->open_count)
        drawing = show_outer(experiment, name, request->rounds);
    arena_free(memory);
    return drawing;
}

/* ---- What comes of it ---- */

static const char *suffix_of(const char *path)
{
    const char *dot = strrchr(file_name(path), '.');
    return dot ? dot + 1 : "";
}

static bool write_drawing(const Drawing *drawing, const char *path, FornixError *error)
{
    static const char *const formats[] = {"svg", "png", "pdf", "dot", "gv"};
    const char *suffix = suffix_of(path);
    size_t format = 0;
    while (format < COUNT(formats) && strcmp(formats[format], suffix) != 0)
        format++;
    if (format == COUNT(formats))
        return fornix_fail_input(error, "%s: a picture ends in .svg, .png, .pdf or .dot", path);
    Text dot = {0}, picture = {0};
    drawing_write(drawing, &dot);
    bool described = format >= 3;
    bool fine = described || drawing_render(&dot, suffix, &picture, error);
    const Text *out = described ? &dot : &picture;
    fine = fine && file_write(path, out->data, out->length, error);
    text_free(&dot);
    text_free(&picture);
    return fine;
}

bool show_save(Experiment *experiment, const char *folder, FornixError *error)
{
    Drawing *drawing = show_outer(experiment, experiment_name(experiment), false);
    Text dot = {0};
    drawing_write(drawing, &dot);
    char *path = file_join(folder, "graph.dot");
    bool fine = file_write(path, text_value(&dot), dot.length, error);
    mem_free(path);
    text_free(&dot);
    drawing_free(drawing);
    return fine;
}

/* The name of the graph's file, as a picture in the working folder. */
static char *usual_path(const char *graph)
{
    const char *name = file_name(graph), *suffix = suffix_of(name);
    size_t length = strlen(name) - (*suffix ? strlen(suffix) + 1 : 0);
    Text path = {0};
    text_add_slice(&path, name, length);
    text_add(&path, ".svg");
    return path.data;
}

static int write_picture(const ShowRequest *request, Experiment *experiment)
{
    Drawing *drawing = draw(request, experiment);
    if (!drawing)
        return EXIT_INPUT;
    FornixError error = {0};
    char *usual = request->output ? NULL : usual_path(request->path);
    const char *path = request->output ? request->output : usual;
    bool fine = write_drawing(drawing, path, &error);
    if (fine)
        printf("%s\n", path);
    else
        fprintf(stderr, "fornix: %s\n", error.text);
    mem_free(usual);
    drawing_free(drawing);
    return fine ? EXIT_FINE : error.input ? EXIT_INPUT : EXIT_RUN;
}

int show_run(const ShowRequest *request)
{
    ExperimentRequest opening = {.path = request->path,
                                 .overrides = request->overrides,
                                 .override_count = request->override_count};
    Experiment *experiment = experiment_open(&opening);
    bool fine = diag_errors(experiment_diag(experiment)) == 0;
    diag_print(experiment_diag(experiment), stderr, request->json);
    if (!fine) {
        experiment_free(experiment);
        opening.links_alone = true;
        experiment = experiment_open(&opening);
    }
    int count = 0, code = EXIT_INPUT;
    if (fine || diag_errors(experiment_diag(experiment)) == 0)
        experiment_nodes(experiment, &count);
    if (count && fine) {
        code = write_picture(request, experiment);
    } else if (count && !request->stage && !request->open_count) {
        fprintf(stderr, "fornix: drawn without shapes, since the graph is wrong as it stands\n");
        write_picture(request, experiment);
    }
    experiment_free(experiment);
    return code;
}
