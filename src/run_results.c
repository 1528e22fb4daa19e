/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a run leaves behind in its folder. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "run_parts.h"
#include "store.h"

static bool copy_graph(const Run *run, FornixError *error)
{
    const Source *source = experiment_source(run->experiment);
    char *path = file_join(run->folder, "graph.xml");
    bool fine = file_write(path, source->text, source->length, error);
    mem_free(path);
    return fine;
}

static bool copy_bytes(const char *from, FileWriter *to, FornixError *error)
{
    enum { PIECE = 1 << 20 };
    int64_t size;
    int file = file_open(from, &size, error);
    char *bytes = mem_new(PIECE, 1);
    bool fine = file >= 0;
    for (int64_t at = 0; fine && at < size; at += PIECE) {
        size_t length = (size_t)(size - at < PIECE ? size - at : PIECE);
        fine = file_read_at(file, from, bytes, length, at, error) &&
               file_writer_add(to, bytes, length, error);
    }
    if (file >= 0)
        close(file);
    mem_free(bytes);
    return fine;
}

/* A second name for a result's file; on another disk, a copy. */
static bool bring_file(const char *from, const char *to, FornixError *error)
{
    if (!file_remove(to, error))
        return false;
    if (!file_exists(from) || link(from, to) == 0)
        return true;
    FileWriter *writer = file_writer_open(to, error);
    if (writer && copy_bytes(from, writer, error))
        return file_writer_commit(writer, error);
    file_writer_abort(writer);
    return false;
}

static bool bring_results(const Run *run, const Outer *outer, FornixError *error)
{
    static const char *const names[] = {"weights.safetensors", "metrics.jsonl", "table/table.json",
                                        "table/tensors.safetensors"};
    if (!outer->run->entry)
        return true;
    char *folder = run_node_folder(run, outer), *table = file_join(folder, "table");
    bool fine = file_make_folders(outer->stage->kind == STAGE_TRAIN ? folder : table, error);
    for (size_t k = 0; k < COUNT(names) && fine; k++) {
        char *from = file_join(cache_folder(outer->run->entry), names[k]);
        char *to = file_join(folder, names[k]);
        fine = bring_file(from, to, error);
        mem_free(from);
        mem_free(to);
    }
    mem_free(folder);
    mem_free(table);
    return fine;
}

void run_print_report(const Run *run, FILE *out)
{
    int count;
    Outer *const *nodes = experiment_nodes(run->experiment, &count);
    for (int k = 0; k < count; k++) {
        int lines = 0;
        const TableLine *line =
            nodes[k]->run->table ? table_lines(nodes[k]->run->table, &lines) : NULL;
        const char *deviation = nodes[k]->acknowledge;
        bool told = deviation && *deviation;
        if (lines || told)
            fprintf(out, "\n%s\n", nodes[k]->id);
        if (told)
            fprintf(out, "  ! acknowledged: %s\n", deviation);
        for (int l = 0; l < lines; l++)
            fprintf(out, "%s%s\n", line[l].warning ? "  ! " : "  ", line[l].text);
    }
}

static bool write_text_report(const Run *run, FornixError *error)
{
    char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);
    if (!memory)
        return fornix_fail(error, "no memory for the report");
    run_print_report(run, memory);
    fclose(memory);
    char *path = file_join(run->folder, "report.txt");
    bool fine = file_write(path, text, length, error);
    mem_free(path);
    free(text);
    return fine;
}

/* ---- The whole ---- */

bool run_clear_results(const Run *run, FornixError *error)
{
    static const char *const names[] = {"final.json",  "bundle/bundle.json", "manifest.json",
                                        "report.html", "report.txt",         "curves.json",
                                        "lines.json",  "graph.dot"};
    bool fine = true;
    for (size_t k = 0; k < COUNT(names) && fine; k++) {
        char *path = file_join(run->folder, names[k]);
        fine = file_remove(path, error);
        mem_free(path);
    }
    return fine;
}

/* What is compared and shown later: a sweep's runs, curves of a report. */
static bool keep_scores(const Run *run, const Outer *outer, FornixError *error)
{
    const FornixPort *outputs = outer->type->outputs;
    bool scores = !outer->stage && outputs && outputs[0].kinds & FORNIX_SCORES;
    if (!scores || !outer->run->table)
        return true;
    char *folder = run_node_folder(run, outer), *table = file_join(folder, "table");
    bool fine = file_make_folders(table, error) && store_save(outer->run->table, table, error);
    mem_free(folder);
    mem_free(table);
    return fine;
}

bool run_write_results(const Run *run, double seconds, FornixError *error)
{
    int count;
    Outer *const *nodes = experiment_nodes(run->experiment, &count);
    bool fine = copy_graph(run, error) && run_write_manifest(run, seconds, error);
    for (int k = 0; k < count && fine; k++)
        fine = bring_results(run, nodes[k], error) && keep_scores(run, nodes[k], error);
    return fine && run_write_bundle(run, error) && write_text_report(run, error) &&
           run_write_findings(run, error);
}
