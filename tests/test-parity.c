/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nodes against PyTorch: each case of the fixtures names its element and holds what it is given and
 * what PyTorch makes of it, so that none needs code of its own. An error is the largest difference
 * over a tensor as a share of the tensor's largest number. tests/values/README.md tells of the
 * fixtures. */
#include "fixture.h"
#include "nodes.h"

#include "../src/weights.h"

static const double forward_tolerance = 1e-5, gradient_tolerance = 1e-4, update_tolerance = 1e-5;

static Registry *registry;

/* ---- Cases ---- */

enum { CASES_MOST = 400 };

typedef struct {
    const SafeFile *file;
    int number;
    int seen; /* of its tensors */
} Case;

static Case layer_cases[CASES_MOST], optimizer_cases[CASES_MOST], start_cases[CASES_MOST];

static const char *case_text(const Case *c)
{
    char number[16];
    snprintf(number, sizeof number, "%d", c->number);
    return safetensors_text(c->file, number);
}

/* Adds the file's cases, which are numbered from 0, behind `count`. */
static int cases_add(Case *cases, int count, const SafeFile *file)
{
    Case next = {.file = file};
    for (; case_text(&next); next.number++) {
        if (count == CASES_MOST)
            exit(EXIT_FAILURE);
        cases[count++] = next;
    }
    return count;
}

typedef struct {
    char text[100];
} Name;

/* "7/dweight.gamma": the role and, behind a dot, the last part of the name of a value. */
static Name name_of(Case *c, const char *role, const char *value)
{
    Name name;
    const char *dot = value ? strrchr(value, '.') : NULL;
    snprintf(name.text, sizeof name.text, "%d/%s%s", c->number, role, dot ? dot : "");
    c->seen++;
    return name;
}

static void all_seen(const Case *c)
{
    char prefix[16];
    snprintf(prefix, sizeof prefix, "%d/", c->number);
    ck_assert_int_eq(c->seen, fixture_count(c->file, prefix));
}

/* A dense tensor filled, or compared. */
static void take(Case *c, const FornixTensor *tensor, const char *role, const char *value)
{
    int64_t floats = fornix_floats(tensor->shape);
    float *given = fixture_floats(c->file, name_of(c, role, value).text, floats);
    memcpy(tensor->data, given, (size_t)floats * sizeof *given);
    mem_free(given);
}

static void compare(Case *c, const FornixTensor *tensor, const char *role, const char *value,
                    double tolerance)
{
    fixture_near(c->file, name_of(c, role, value).text, tensor->data, fornix_floats(tensor->shape),
                 tolerance);
}

/* ---- Layers ---- */

static void layer_given(Case *c, const Bench *bench)
{
    const Node *node = bench->node;
    for (int i = 0; i < node->inputs; i++)
        if (node->in[i])
            take(c, &bench->at_in[i], "in", node->in[i]->path);
    for (int w = 0; w < node->weight_count; w++)
        take(c, &bench->weight[w].tensor, "weight", node->weights[w]->name);
    for (int s = 0; s < node->state_count; s++) {
        const FornixTensor *state = &bench->state[s].tensor, *later = &bench->new_state[s].tensor;
        take(c, state, "state", node->states[s]->name);
        memcpy(later->data, state->data, (size_t)fornix_floats(state->shape) * sizeof(float));
    }
}

static void layer_forward(Case *c, Bench *bench)
{
    const Node *node = bench->node;
    run(bench, FORNIX_FORWARD);
    compare(c, &bench->at_out[0], "out", NULL, forward_tolerance);
    if (node->state_count)
        run(bench, FORNIX_KEEP);
    for (int s = 0; s < node->state_count; s++)
        compare(c, &bench->new_state[s].tensor, "new", node->states[s]->name, forward_tolerance);
}

static void layer_backward(Case *c, Bench *bench)
{
    const Node *node = bench->node;
    take(c, &bench->at_dout[0], "dout", NULL);
    run(bench, FORNIX_BACKWARD);
    for (int i = 0; i < node->inputs; i++)
        if (bench->at_din[i].data)
            compare(c, &bench->at_din[i], "din", node->in[i]->path, gradient_tolerance);
    for (int w = 0; w < node->weight_count; w++)
        compare(c, &bench->dweight[w].tensor, "dweight", node->weights[w]->name,
                gradient_tolerance);
}

START_TEST(layers)
{
    static const char evaluating[] = "evaluating ";
    Case *c = &layer_cases[_i];
    const char *text = case_text(c);
    bool evaluates = strncmp(text, evaluating, strlen(evaluating)) == 0;
    Variant variant = {.name = "parity", .evaluating = evaluates};
    Example example;
    open_line(&example, registry, text + (evaluates ? strlen(evaluating) : 0), NULL);
    if (getenv("SHOW_ERRORS"))
        puts(text);
    Bench *bench = bench_of(&example, &variant);
    layer_given(c, bench);
    layer_forward(c, bench);
    if (bench->node->layer->backward)
        layer_backward(c, bench);
    all_seen(c);
    bench_free(bench);
    example_close(&example);
}
END_TEST

/* Its mask can't be PyTorch's, but its scale can; and backward takes forward's mask. */
START_TEST(dropout)
{
    Variant variant = {.name = "dropout"};
    Example example;
    open_line(&example, registry, "x=2,3,20,20,5 | <dropout x=\"x\" rate=\"0.2\"/>", NULL);
    Bench *bench = bench_of(&example, &variant);
    int64_t floats = fornix_floats(bench->at_in[0].shape), kept = 0;
    for (int64_t i = 0; i < floats; i++)
        bench->at_in[0].data[i] = bench->at_dout[0].data[i] = 1;
    run(bench, FORNIX_FORWARD);
    run(bench, FORNIX_BACKWARD);
    for (int64_t i = 0; i < floats; i++) {
        float y = bench->at_out[0].data[i];
        ck_assert_msg(y == 0 || y == 1.25f, "%.9g, not 1 / 0.8", (double)y);
        kept += y > 0;
    }
    ck_assert_mem_eq(bench->at_out[0].data, bench->at_din[0].data, (size_t)floats * sizeof(float));
    ck_assert_double_eq_tol((double)kept / (double)floats, 0.8, 5 * 0.4 / sqrt((double)floats));
    bench_free(bench);
    example_close(&example);
}
END_TEST

/* ---- Optimizers ---- */

enum { STEPS = 20, LENGTH = 23 };

typedef struct {
    Arena *arena;
    Diag *diag;
    const FornixNode *optimizer, *schedule;
    const void *attrs, *schedule_attrs;
    double rate;
} Optimizer;

static const void *optimizer_part(Optimizer *o, const Element *element, const FornixNode **type)
{
    const Plugin *plugin = registry_need(registry, element, o->diag);
    ck_assert_ptr_nonnull(plugin);
    *type = plugin->node;
    const void *attrs = attr_read(plugin->node, element, NULL, o->diag, o->arena);
    ck_assert_ptr_nonnull(attrs);
    return attrs;
}

static Optimizer optimizer_open(const char *text)
{
    Optimizer o = {.arena = arena_new(), .diag = diag_new()};
    const Element *element = expand_fragment("<case>", text, o.diag, o.arena)->first;
    o.attrs = optimizer_part(&o, element, &o.optimizer);
    if (element->first)
        o.schedule_attrs = optimizer_part(&o, element->first, &o.schedule);
    memcpy(&o.rate, (const char *)o.attrs + o.optimizer->optimizer->rate_offset, sizeof o.rate);
    return o;
}

static double optimizer_rate(const Optimizer *o, int64_t step)
{
    return o->schedule ? o->rate * o->schedule->schedule->factor(o->schedule_attrs, step, STEPS)
                       : o->rate;
}

/* Errors are shares of how far the weights come in all steps: they are rounded at each. */
START_TEST(optimizers)
{
    Case *c = &optimizer_cases[_i];
    const char *text = case_text(c);
    Optimizer o = optimizer_open(text);
    float moments[OPTIMIZER_STATES_MOST][LENGTH] = {{0}}, *states[OPTIMIZER_STATES_MOST];
    for (int s = 0; s < OPTIMIZER_STATES_MOST; s++)
        states[s] = moments[s];
    float *start = fixture_floats(c->file, name_of(c, "weight", NULL).text, LENGTH);
    float *gradient = fixture_floats(c->file, name_of(c, "gradient", NULL).text, STEPS * LENGTH);
    float *after = fixture_floats(c->file, name_of(c, "after", NULL).text, STEPS * LENGTH);
    float weight[LENGTH], way[LENGTH];
    memcpy(weight, start, sizeof weight);
    for (int i = 0; i < LENGTH; i++)
        way[i] = after[(STEPS - 1) * LENGTH + i] - start[i];
    for (int64_t step = 0; step < STEPS; step++) {
        FornixUpdate update = {.weight = weight,
                               .gradient = gradient + step * LENGTH,
                               .state = states,
                               .step = step + 1,
                               .rate = optimizer_rate(&o, step),
                               .scale = 1};
        o.optimizer->optimizer->update(&update, o.attrs, 0, LENGTH);
        floats_near(text, weight, after + step * LENGTH, LENGTH, largest(way, LENGTH),
                    update_tolerance);
    }
    all_seen(c);
    mem_free(start);
    mem_free(gradient);
    mem_free(after);
    diag_free(o.diag);
    arena_free(o.arena);
}
END_TEST

/* ---- How weights start ---- */

enum { DRAWN = 20000, TENTHS = 11 };

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Tenths of the distribution over many seeds: with so many numbers their standard error is below
 * 0.4 % of a uniform range, so that 2 % can't be chance. */
static void start_compare(Case *c, const Parameter *parameter)
{
    int64_t floats = fornix_floats(parameter->shape), count = 0;
    float *values = mem_new(DRAWN + (size_t)floats, sizeof *values), tenths[TENTHS];
    for (uint64_t seed = 1; count < DRAWN; seed++) {
        FornixError error = {0};
        Weights *weights = weights_new();
        const WeightTensor *tensor = weights_take(weights, parameter, seed, &error);
        ck_assert_msg(tensor != NULL, "%s", error.text);
        memcpy(values + count, tensor->data, (size_t)floats * sizeof *values);
        count += floats;
        weights_free(weights);
    }
    qsort(values, (size_t)count, sizeof *values, by_size);
    for (int k = 0; k < TENTHS; k++)
        tenths[k] = values[(count - 1) * k / (TENTHS - 1)];
    Name name = name_of(c, strrchr(parameter->name, '.') + 1, NULL);
    float *wanted = fixture_floats(c->file, name.text, TENTHS);
    double range = (double)wanted[TENTHS - 1] - (double)wanted[0];
    floats_near(name.text, tenths, wanted, TENTHS, range, 0.02);
    mem_free(wanted);
    mem_free(values);
}

START_TEST(starts)
{
    Case *c = &start_cases[_i];
    Example example;
    open_line(&example, registry, case_text(c), NULL);
    for (int p = 0; p < example.graph->parameter_count; p++)
        start_compare(c, example.graph->parameters[p]);
    all_seen(c);
    example_close(&example);
}
END_TEST

/* ---- All of them ---- */

/* Nodes that PyTorch has no counterpart of, or whose values are drawn. Fused ones give the same
 * bits as their parts (trial.h). */
static const char *const alone[] = {"accuracy_score", "augment", "dice_score",
                                    "likeness_score", "noise",   "random_labels"};

static bool in_cases(const Case *cases, const char *name)
{
    char start[64];
    snprintf(start, sizeof start, "<%s", name);
    for (const Case *c = cases; c < cases + CASES_MOST && c->file; c++)
        for (const char *at = strstr(case_text(c), start); at; at = strstr(at + 1, start))
            if (strchr(" /", at[strlen(start)]))
                return true;
    return false;
}

START_TEST(every_node_is_compared)
{
    size_t count;
    const char *const *names = registry_names(registry, &count);
    for (size_t k = 0; k < count; k++) {
        const Plugin *plugin = registry_find(registry, names[k]);
        ck_assert_ptr_nonnull(plugin);
        bool excused = plugin->node->layer && plugin->node->layer->fuses;
        for (size_t a = 0; a < COUNT(alone); a++)
            excused = excused || strcmp(alone[a], names[k]) == 0;
        if (plugin->node->layer && !excused)
            ck_assert_msg(in_cases(layer_cases, names[k]), "no case of <%s>", names[k]);
        if (plugin->node->optimizer || plugin->node->schedule)
            ck_assert_msg(in_cases(optimizer_cases, names[k]), "no case of <%s>", names[k]);
    }
}
END_TEST

int main(void)
{
    SafeFile *layer_files[] = {fixture_open("parity-convolutions.safetensors"),
                               fixture_open("parity-wide.safetensors"),
                               fixture_open("parity-layers.safetensors"),
                               fixture_open("parity-losses.safetensors"),
                               fixture_open("parity-adversarial.safetensors"),
                               fixture_open("parity-imbalance.safetensors")};
    SafeFile *optimizer_file = fixture_open("parity-optimizers.safetensors");
    SafeFile *start_file = fixture_open("parity-starts.safetensors");
    int layer_count = 0;
    for (size_t k = 0; k < COUNT(layer_files); k++)
        layer_count = cases_add(layer_cases, layer_count, layer_files[k]);
    Suite *suite = suite_create("parity");
    TCase *tests = tcase_create("parity");
    registry = registry_new();
    tcase_add_loop_test(tests, layers, 0, layer_count);
    tcase_add_test(tests, dropout);
    tcase_add_loop_test(tests, optimizers, 0, cases_add(optimizer_cases, 0, optimizer_file));
    tcase_add_loop_test(tests, starts, 0, cases_add(start_cases, 0, start_file));
    tcase_add_test(tests, every_node_is_compared);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    registry_free(registry);
    for (size_t k = 0; k < COUNT(layer_files); k++)
        safetensors_close(layer_files[k]);
    safetensors_close(optimizer_file);
    safetensors_close(start_file);
    return failed > 0;
}
