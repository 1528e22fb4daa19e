/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "exchange.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint.h"
#include "exchange_parts.h"
#include "file.h"
#include "run.h"
#include "text.h"

/* ---- The net ---------------------------------------------------------------------------- */

typedef struct Found {
    const Stage *stage;
    const Net *net;
} Found;

static bool owns_weights(const Stage *stage, const char *net)
{
    size_t length = strlen(net);
    for (int p = 0; p < stage->parameter_count; p++)
        if (strncmp(stage->parameters[p].name, net, length) == 0 &&
            stage->parameters[p].name[length] == '/')
            return true;
    return false;
}

/* The nets of all stages that own weights, each once: where it loads a file, if it does. */
static size_t list_nets(const Exchange *x, Found **found)
{
    int count;
    size_t nets = 0;
    Outer *const *outer = experiment_nodes(x->experiment, &count);
    for (int k = 0; k < count; k++)
        nets += outer[k]->stage ? (size_t)outer[k]->stage->net_count : 0;
    *found = arena_take(x->memory, nets + 1, sizeof **found);
    nets = 0;
    for (int k = 0; k < count; k++)
        for (int n = 0; outer[k]->stage && n < outer[k]->stage->net_count; n++) {
            const Stage *stage = outer[k]->stage;
            const Net *net = &stage->nets[n];
            size_t at = 0;
            while (at < nets && strcmp((*found)[at].net->name, net->name) != 0)
                at++;
            if (at == nets && owns_weights(stage, net->name))
                (*found)[nets++] = (Found){stage, net};
            else if (at < nets && net->weights_file && !(*found)[at].net->weights_file)
                (*found)[at] = (Found){stage, net};
        }
    return nets;
}

static const Found *choose(const Exchange *x, const Found *found, size_t count)
{
    const Found *chosen = NULL;
    const char **names = arena_take(x->memory, count + 1, sizeof *names);
    Text list = {0};
    size_t files = 0;
    for (size_t k = 0; k < count; k++) {
        names[k] = found[k].net->name;
        text_format(&list, "%s'%s'", k ? ", " : "", names[k]);
        files += found[k].net->weights_file;
        if (x->request->net ? strcmp(names[k], x->request->net) == 0
                            : count == 1 || found[k].net->weights_file)
            chosen = &found[k];
    }
    if (!x->request->net && count > 1 && files > 1)
        chosen = NULL;
    const char *near = x->request->net ? text_suggest(x->request->net, names, count) : NULL;
    if (!chosen && x->request->net)
        diag_error(x->diag, (Place){0}, "no stage uses a net '%s' with weights%s%s%s",
                   x->request->net, near ? "; did you mean '" : "", near ? near : "",
                   near ? "'?" : "");
    else if (!chosen && count)
        diag_error(x->diag, (Place){0}, "say --net: there are %s", text_value(&list));
    else if (!chosen)
        diag_error(x->diag, (Place){0}, "no stage of the graph uses a net with weights");
    text_free(&list);
    return chosen;
}

static bool find_net(Exchange *x)
{
    Found *found;
    size_t count = list_nets(x, &found);
    const Found *chosen = choose(x, found, count);
    if (!chosen)
        return false;
    const Stage *stage = chosen->stage;
    x->net = chosen->net->name;
    x->net_file = chosen->net->weights_file ? chosen->net->weights : NULL;
    size_t prefix = strlen(x->net) + 1, most = (size_t)stage->parameter_count + 1;
    Parameter *weights = arena_take(x->memory, most, sizeof *weights);
    x->names = arena_take(x->memory, most, sizeof *x->names);
    for (int p = 0; p < stage->parameter_count; p++) {
        const char *name = stage->parameters[p].name;
        if (strncmp(name, x->net, prefix - 1) != 0 || name[prefix - 1] != '/')
            continue;
        weights[x->count] = stage->parameters[p];
        x->names[x->count++] = name + prefix;
    }
    x->weights = weights;
    return true;
}

/* ---- Beginning and end ------------------------------------------------------------------ */

static const char *map_path(const Exchange *x)
{
    const char *graph = x->request->graph;
    size_t length = strlen(graph);
    if (length > 4 && strcmp(graph + length - 4, ".xml") == 0)
        length -= 4;
    return x->request->map ? x->request->map
                           : arena_format(x->memory, "%.*s.map", (int)length, graph);
}

static bool begin(Exchange *x)
{
    const ExchangeRequest *request = x->request;
    x->memory = arena_new();
    x->experiment = experiment_open(&(ExperimentRequest){.path = request->graph,
                                                         .overrides = request->overrides,
                                                         .override_count = request->override_count,
                                                         .weights_to_come = true});
    x->diag = experiment_diag(x->experiment);
    if (diag_errors(x->diag) || !find_net(x))
        return false;
    x->map = mapping_read(map_path(x), x->diag, x->memory);
    return x->map;
}

static int end(Exchange *x, bool fine, const FornixError *error)
{
    int code = fine ? EXIT_FINE : EXIT_INPUT;
    diag_print(x->diag, stderr, x->request->json);
    if (error->text[0]) {
        fprintf(stderr, "fornix: %s\n", error->text);
        code = error->input ? EXIT_INPUT : EXIT_RUN;
    }
    safetensors_close(x->file);
    mapping_free(x->map);
    experiment_free(x->experiment);
    arena_free(x->memory);
    return code;
}

static bool same_file(const char *a, const char *b)
{
    FornixError error = {0};
    FileIdentity one, other;
    return file_exists(a) && file_exists(b) && file_identity(a, &one, &error) &&
           file_identity(b, &other, &error) && one.device == other.device &&
           one.inode == other.inode;
}

static bool target_check(const char *from, const char *to, FornixError *error)
{
    if (!to)
        return fornix_fail_input(error, "say -o: the graph names no file for these weights");
    return !same_file(from, to) ||
           fornix_fail_input(error, "%s would be written over itself: say another -o", to);
}

static void report(const Exchange *x, const char *to)
{
    int64_t numbers = 0, left = 0, weights = 0;
    for (int k = 0; k < x->count; k++) {
        left += !x->pairs[k].there;
        weights += x->pairs[k].there != NULL;
        numbers += x->pairs[k].there ? fornix_floats(x->weights[k].shape) : 0;
    }
    printf("%s: %" PRId64 " tensors (%" PRId64 " numbers) of net '%s'\n", to, weights, numbers,
           x->net);
    if (x->ignored)
        printf("  ignored there: %" PRId64 " tensors\n", x->ignored);
    if (left)
        printf("  left out here: %" PRId64 " tensors (load=\"matching\" or except= at <use>)\n",
               left);
}

/* ---- Import ----------------------------------------------------------------------------- */

static bool check_finite(const Exchange *x, const float *values, int64_t count, const char *name,
                         FornixError *error)
{
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return fornix_fail_input(error, "%s: '%s' holds a number that is not finite as F32",
                                     safetensors_path(x->file), name);
    return true;
}

static bool read_weight(const Exchange *x, int k, float *out, FornixError *error)
{
    const Pair *pair = &x->pairs[k];
    int64_t count = fornix_floats(x->weights[k].shape);
    size_t bytes = (size_t)count * sizeof(float);
    const SafeTensor *tensor = safetensors_tensor(x->file, pair->tensor);
    float *there = mem_large(bytes);
    if (!there)
        return fornix_fail(error, "no memory for '%s'", tensor->name);
    bool fine =
        safetensors_read(x->file, pair->tensor, 0, safetensors_rows(tensor), there, error) &&
        check_finite(x, there, count, tensor->name, error);
    if (fine)
        turn_in(&pair->turn, there, out);
    mem_large_free(there, bytes);
    return fine;
}

static bool import_all(const Exchange *x, const char *to, FornixError *error)
{
    Weights *weights = weights_new();
    bool fine = true;
    for (int k = 0; k < x->count && fine; k++) {
        if (!x->pairs[k].there)
            continue;
        WeightTensor *tensor = weights_take(weights, &x->weights[k], 0, error);
        fine = tensor && read_weight(x, k, tensor->data, error);
    }
    fine = fine && weights_save(weights, to, NULL, 0, error);
    weights_free(weights);
    return fine;
}

int exchange_import(const ExchangeRequest *request)
{
    Exchange x = {.request = request};
    FornixError error = {0};
    bool fine = begin(&x);
    const char *to = request->to ? request->to : x.net_file;
    fine = fine && target_check(request->from, to, &error) &&
           (x.file = safetensors_open(request->from, &error)) && exchange_pair_in(&x) &&
           import_all(&x, to, &error);
    if (fine)
        report(&x, to);
    return end(&x, fine, &error);
}

/* ---- Export ----------------------------------------------------------------------------- */

/* Of a finished run: the weights of the one stage that trained the net. */
static const char *source_path(const Exchange *x, FornixError *error)
{
    const char *found = NULL;
    int count;
    if (!file_is_folder(x->request->from))
        return x->request->from;
    Outer *const *outer = experiment_nodes(x->experiment, &count);
    for (int k = 0; k < count; k++) {
        const Stage *stage = outer[k]->stage;
        if (!stage || stage->kind != STAGE_TRAIN || !owns_weights(stage, x->net))
            continue;
        const char *path = arena_format(x->memory, "%s/stages/%s/weights.safetensors",
                                        x->request->from, stage->id);
        if (!file_exists(path))
            continue;
        if (found) {
            fornix_fail_input(error, "net '%s' is in %s and in %s: say which file", x->net, found,
                              path);
            return NULL;
        }
        found = path;
    }
    if (!found)
        fornix_fail_input(error, "%s has no weights of net '%s': there is no such stage that ended",
                          x->request->from, x->net);
    return found;
}

/* The number of a weight's tensor in the file; -1 after a failure. */
static int64_t find_own(const Exchange *x, int k, FornixError *error)
{
    const Parameter *weight = &x->weights[k];
    const int64_t dims[5] = {weight->shape.n, weight->shape.d, weight->shape.h, weight->shape.w,
                             weight->shape.c};
    int64_t at = safetensors_find(x->file, weight->name);
    const SafeTensor *tensor = at < 0 ? NULL : safetensors_tensor(x->file, (size_t)at);
    if (!tensor)
        fornix_fail_input(error, "%s: no tensor '%s'", safetensors_path(x->file), weight->name);
    else if (tensor->type != SAFE_F32 || tensor->rank != 5 ||
             memcmp(tensor->dims, dims, sizeof dims) != 0)
        fornix_fail_input(error, "%s: '%s' is not F32 of %s, as net '%s' of %s has it",
                          safetensors_path(x->file), weight->name,
                          shape_text(x->memory, weight->shape), x->net, x->request->graph);
    return error->text[0] ? -1 : at;
}

static bool write_weight(const Exchange *x, int k, SafeWriter *writer, size_t to,
                         FornixError *error)
{
    const Pair *pair = &x->pairs[k];
    int64_t at = find_own(x, k, error);
    size_t bytes = (size_t)fornix_floats(x->weights[k].shape) * sizeof(float);
    float *values = at < 0 ? NULL : mem_large(2 * bytes);
    if (!values)
        return at >= 0 && fornix_fail(error, "no memory for '%s'", x->weights[k].name);
    float *there = values + bytes / sizeof(float);
    bool fine = safetensors_read(x->file, (size_t)at, 0, x->weights[k].shape.n, values, error);
    if (fine)
        turn_out(&pair->turn, values, there);
    fine = fine && safetensors_write(writer, to, there, pair->turn.dims[0], error);
    mem_large_free(values, 2 * bytes);
    return fine;
}

static bool export_all(const Exchange *x, FornixError *error)
{
    SafeTensor *tensors = arena_take(x->memory, (size_t)x->count + 1, sizeof *tensors);
    size_t count = 0, at = 0;
    for (int k = 0; k < x->count; k++) {
        const Pair *pair = &x->pairs[k];
        if (!pair->there)
            continue;
        SafeTensor *tensor = &tensors[count++];
        *tensor = (SafeTensor){.name = pair->there, .type = SAFE_F32, .rank = pair->turn.rank};
        memcpy(tensor->dims, pair->turn.dims, sizeof pair->turn.dims);
    }
    static const SafeText texts[] = {{"format", "pt"}};
    SafeWriter *writer =
        safetensors_create(x->request->to, tensors, count, texts, COUNT(texts), error);
    bool fine = writer != NULL;
    for (int k = 0; k < x->count && fine; k++)
        if (x->pairs[k].there)
            fine = write_weight(x, k, writer, at++, error);
    if (fine)
        return safetensors_commit(writer, error);
    safetensors_abort(writer);
    return false;
}

int exchange_export(const ExchangeRequest *request)
{
    Exchange x = {.request = request};
    FornixError error = {0};
    const char *from = NULL;
    bool fine = begin(&x) && exchange_pair_out(&x) && (from = source_path(&x, &error)) &&
                target_check(from, request->to, &error) &&
                (x.file = safetensors_open(from, &error)) && export_all(&x, &error);
    if (fine)
        report(&x, request->to);
    return end(&x, fine, &error);
}
