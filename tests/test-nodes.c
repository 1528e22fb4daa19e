/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every layer and composite that the registry finds, on the examples of its own descriptor, with
 * nothing written for any of them:
 *
 *   passes     the same bits however grains are cut and ordered, with pitched and shared memory,
 *              with any gradient left out; all of an output written and nothing beside it
 *   gradients  of all inputs and weights against central differences of <dout, forward>, summed in
 *              double; directions are drawn again near kinks
 *   training   a net that holds the node, trained through the engine on 1, 2 and 3 threads: the
 *              same bits
 *
 * Optimizers and schedules on theirs, as far as all of them have something in common.
 */
#include "examples.h"
#include "node-bench.h"

#include "../src/plan.h"

static Registry *registry; /* read by all tests, changed by none */

static const FornixNode *node_at(int index)
{
    const char *name = registry_names(registry, &(size_t){0})[index];
    const Plugin *plugin = registry_find(registry, name);
    return plugin ? plugin->node : NULL;
}

START_TEST(loads)
{
    FornixError error = {0};
    if (!node_at(_i))
        registry_fail(registry, registry_names(registry, &(size_t){0})[_i], &error);
    ck_assert_msg(node_at(_i) != NULL, "%s", error.text);
}
END_TEST

/* ---- Passes ---- */

static void expect_same(const Node *node, const Variant *reference, const Variant *variant)
{
    Bench *a = bench_new(node, reference), *b = bench_new(node, variant);
    for (FornixPhase phase = FORNIX_FORWARD; phase <= FORNIX_KEEP; phase++) {
        const FornixLayer *layer = node->layer;
        if (phase == FORNIX_BACKWARD ? !layer->backward || reference->evaluating
                                     : phase == FORNIX_KEEP && !layer->keep)
            continue;
        bench_run(a, phase);
        bench_run(b, phase);
        bench_check(a, phase);
        bench_check(b, phase);
        benches_same(a, b, phase);
    }
    bench_free(a);
    bench_free(b);
}

static void check_variants(const Node *node)
{
    static const Variant whole = {"whole", .split = SPLIT_WHOLE};
    static const Variant others[] = {
        {"grain by grain, the last first", .split = SPLIT_REVERSED},
        {"in pieces", .split = SPLIT_RANDOM},
        {"pitched", .split = SPLIT_REVERSED, .gap = 3},
        {"memory shared", .split = SPLIT_REVERSED, .shared = true},
        {"weights frozen", .split = SPLIT_RANDOM, .no_weights = true},
        {"no gradient of inputs", .split = SPLIT_RANDOM, .no_inputs = true},
        {"of input 1 alone", .split = SPLIT_RANDOM, .only = 1},
        {"of input 2 alone", .split = SPLIT_RANDOM, .only = 2},
    };
    for (size_t v = 0; v < COUNT(others); v++)
        expect_same(node, &whole, &others[v]);
    for (int frozen = 0; frozen < 2; frozen++) {
        Variant a = {"evaluated", .frozen = frozen, .evaluating = !frozen}, b = a;
        b.split = SPLIT_REVERSED;
        b.gap = 5;
        expect_same(node, &a, &b);
    }
}

static void each_layer(const FornixNode *type, void (*check)(const Node *node))
{
    EACH_EXAMPLE(line, type)
    {
        Example example;
        example_read(&example, type->name, line);
        example_open(&example, registry, "", (FornixShape){0});
        ck_assert_int_eq(example.graph->node_count, 1);
        check(example.graph->nodes[0]);
        example_close(&example);
    }
}

START_TEST(passes)
{
    each_layer(node_at(_i), check_variants);
}
END_TEST

/* ---- Gradients ---- */

/* A tensor that is moved and the gradient that was found for it. */
typedef struct {
    Bench *bench;
    FornixTensor value;
    const FornixTensor *gradient;
    int64_t support; /* how many elements a direction moves; 0: all */
    uint64_t *seed;
    double noise; /* of the functional, from its rounding */
} Slope;

static double functional(Bench *bench, double *noise)
{
    double sum = 0, squares = 0;
    bench_run(bench, FORNIX_FORWARD);
    for (int o = 0; o < bench->node->outputs; o++)
        for (int64_t i = 0; i < fornix_floats(bench->at_out[o].shape); i++) {
            double term = (double)*tensor_at(&bench->at_out[o], i) *
                          (double)*tensor_at(&bench->at_dout[o], i);
            sum += term;
            squares += term * term;
        }
    *noise = 1.5e-7 * sqrt(squares);
    return sum;
}

typedef struct {
    double expected, found, spread;
} Derivative;

/* Along a random direction: by the gradient and by a central difference of step `size`. */
static Derivative derivative_of(Slope *slope, double size)
{
    int64_t floats = fornix_floats(slope->value.shape);
    int64_t moved = slope->support ? slope->support : floats, *at = test_memory(moved, sizeof *at);
    float *kept = test_memory(moved, sizeof *kept), *by = test_memory(moved, sizeof *by);
    Derivative d = {0, 0, 0};
    double side[2], squares = 0;
    for (int64_t j = 0; j < moved; j++) {
        at[j] = slope->support ? (int64_t)((draw(slope->seed) + 1) / 2 * (double)floats) : j;
        kept[j] = *tensor_at(&slope->value, at[j]);
        by[j] = (float)((draw(slope->seed) > 0 ? 1 : -1) * (1 + draw(slope->seed) / 2));
        double part = (double)by[j] * (double)*tensor_at(slope->gradient, at[j]);
        d.expected += part;
        squares += part * part;
    }
    for (int s = 0; s < 2; s++) {
        for (int64_t j = 0; j < moved; j++)
            *tensor_at(&slope->value, at[j]) = kept[j];
        for (int64_t j = 0; j < moved; j++)
            *tensor_at(&slope->value, at[j]) += (float)((s ? -size : size) * (double)by[j]);
        side[s] = functional(slope->bench, &slope->noise);
    }
    for (int64_t j = 0; j < moved; j++)
        *tensor_at(&slope->value, at[j]) = kept[j];
    d.found = (side[0] - side[1]) / (2 * size);
    d.spread = sqrt(squares);
    free(at);
    free(kept);
    free(by);
    return d;
}

static void check_slope(Slope slope, const char *what, int number)
{
    static const double sizes[] = {1e-2, 1e-2, 1e-2, 4e-3, 4e-3, 2e-3, 2e-3, 1e-3};
    Derivative d = {0, 0, 0};
    for (size_t k = 0; k < COUNT(sizes); k++) {
        d = derivative_of(&slope, sizes[k]);
        if (fabs(d.found - d.expected) <= 4e-3 * d.spread + slope.noise / sizes[k])
            return;
    }
    ck_abort_msg("the gradient of %s %d is %.9g along a direction, not %.9g", what, number,
                 d.expected, d.found);
}

static void check_tensor(Slope slope, const char *what, int number)
{
    static const int64_t supports[] = {0, 1, 1, 2, 2, 5};
    for (size_t k = 0; k < COUNT(supports); k++) {
        slope.support = supports[k];
        check_slope(slope, what, number);
    }
}

static void check_gradients(const Node *node)
{
    if (!node->layer->backward)
        return;
    for (int frozen = 0; frozen < 2; frozen++) {
        Variant variant = {"gradients", .frozen = frozen};
        Bench *bench = bench_new(node, &variant);
        uint64_t seed = 99;
        bench_run(bench, FORNIX_FORWARD);
        bench_run(bench, FORNIX_BACKWARD);
        for (int i = 0; i < node->inputs; i++)
            if (input_has_gradient(node, i))
                check_tensor((Slope){bench, bench->at_in[i], &bench->at_din[i], 0, &seed, 0},
                             "input", i);
        for (int w = 0; w < node->weight_count; w++)
            check_tensor(
                (Slope){bench, bench->weight[w].tensor, &bench->dweight[w].tensor, 0, &seed, 0},
                "weight", w);
        bench_free(bench);
    }
}

START_TEST(gradients)
{
    each_layer(node_at(_i), check_gradients);
}
END_TEST

/* ---- Training ---- */

typedef struct {
    Example *example;
    Plan *plan;
    Weights *weights;
    float *columns[GIVEN_MOST + 1];
} Training;

static void draw_columns(Training *training)
{
    const Graph *graph = training->example->graph;
    uint64_t seed = 5;
    for (int c = 0; c < graph->column_count; c++) {
        const Value *column = graph->columns[c];
        FornixTensor t = {.shape = column->shape, .pitch_w = column->shape.c};
        t.data = training->columns[c] = test_memory(fornix_floats(t.shape), sizeof(float));
        tensor_draw(&t, column->kind, column->classes, &seed);
    }
}

static void train(void *context, Team *team)
{
    Training *training = context;
    FornixError error = {0};
    double rate = 1e-2;
    ck_assert_msg(plan_open(training->plan, training->weights, 3, &error), "%s", error.text);
    for (int64_t step = 0; step < 3; step++) {
        PlanRun run = {.columns = training->columns,
                       .random = fornix_random_derive(fornix_random_key(1, "t"), (uint64_t)step),
                       .numbers = &step,
                       .rates = &rate};
        ck_assert_msg(plan_run(training->plan, team, &run, &error), "%s", error.text);
    }
}

static Value *graph_value(const Graph *graph, const char *path)
{
    for (int v = 0; v < graph->value_count; v++)
        if (strcmp(graph->values[v]->path, path) == 0)
            return graph->values[v];
    ck_abort_msg("no '%s'", path);
}

/* The weights after some steps on a team of so many threads. */
static Weights *trained(Example *example, int threads)
{
    const Plugin *sgd = registry_find(registry, "sgd");
    const Element *xml = expand_fragment("<sgd>", "<sgd/>", example->diag, example->arena);
    PlanUpdate update = {.id = "s",
                         .loss = graph_value(example->graph, "l"),
                         .nets = 1,
                         .optimizer = sgd->node->optimizer,
                         .optimizer_attrs =
                             attr_read(sgd->node, xml->first, NULL, example->diag, example->arena),
                         .accumulate = 1};
    PlanRequest request = {.graph = example->graph,
                           .updates = &update,
                           .update_count = 1,
                           .trained = 1,
                           .training = true};
    Training training = {.example = example, .weights = weights_new()};
    training.plan = plan_new(&request, example->diag);
    no_mistakes(example);
    draw_columns(&training);
    team_run(threads, train, &training);
    plan_free(training.plan);
    for (int c = 0; c < example->graph->column_count; c++)
        free(training.columns[c]);
    return training.weights;
}

static void weights_same(Weights *a, Weights *b, const char *element)
{
    ck_assert_uint_eq(weights_count(a), weights_count(b));
    for (size_t k = 0; k < weights_count(a); k++) {
        const WeightTensor *x = weights_at(a, k), *y = weights_find(b, x->name);
        ck_assert_ptr_nonnull(y);
        ck_assert_msg(memcmp(x->data, y->data, (size_t)shape_bytes(x->shape)) == 0,
                      "%s: '%s' depends on the number of threads", element, x->name);
        for (int64_t i = 0; i < fornix_floats(x->shape); i++)
            ck_assert_msg(isfinite(x->data[i]), "%s: '%s' is not finite", element, x->name);
    }
}

/* The shape of what the example gives, where it has weights to train and gives values. */
static FornixShape trainable_shape(Example *example)
{
    const Graph *graph = example->graph;
    const Node *last = graph->nodes[graph->node_count - 1];
    int weights = 0;
    for (int n = 0; n < graph->node_count; n++)
        weights += graph->nodes[n]->weight_count;
    return weights && last->out[0]->kind & FORNIX_VALUES ? last->out[0]->shape : (FornixShape){0};
}

static void check_training(const FornixNode *type, const char *line)
{
    Example example, whole;
    example_read(&example, type->name, line);
    example_open(&example, registry, "", (FornixShape){0});
    FornixShape goal = trainable_shape(&example);
    example_close(&example);
    if (!goal.n)
        return;
    example_read(&whole, type->name, line);
    example_open(&whole, registry, "<mse_loss id=\"l\" x=\"u/t\" target=\"batch.goal\"/>", goal);
    Weights *one = trained(&whole, 1);
    for (int threads = 2; threads <= 3; threads++) {
        Weights *more = trained(&whole, threads);
        weights_same(one, more, whole.element);
        weights_free(more);
    }
    weights_free(one);
    example_close(&whole);
}

START_TEST(training)
{
    const FornixNode *type = node_at(_i);
    EACH_EXAMPLE(line, type)
    check_training(type, line);
}
END_TEST

/* ---- Optimizers and schedules ---- */

enum { WEIGHTS = 300 };

static void check_optimizer(const FornixNode *type, const void *attrs)
{
    float weight[2][WEIGHTS], state[2][OPTIMIZER_STATES_MOST][WEIGHTS] = {{{0}}};
    float gradient[WEIGHTS], *states[2][OPTIMIZER_STATES_MOST];
    double rate, before = 0, after = 0;
    uint64_t seed = 8;
    memcpy(&rate, (const char *)attrs + type->optimizer->rate_offset, sizeof rate);
    ck_assert_int_le(type->optimizer->states, OPTIMIZER_STATES_MOST);
    for (int i = 0; i < WEIGHTS; i++) {
        weight[0][i] = weight[1][i] = (float)draw(&seed);
        before += (double)weight[0][i] * (double)weight[0][i];
    }
    for (int64_t step = 1; step <= 50; step++) { /* down the bowl w^2 / 2 */
        memcpy(gradient, weight[0], sizeof gradient);
        for (int way = 0; way < 2; way++) {
            for (int s = 0; s < OPTIMIZER_STATES_MOST; s++)
                states[way][s] = state[way][s];
            FornixUpdate update = {.weight = weight[way],
                                   .gradient = gradient,
                                   .state = states[way],
                                   .step = step,
                                   .rate = rate,
                                   .scale = 1};
            for (int64_t i = way ? WEIGHTS - 1 : 0; i >= 0; i--)
                type->optimizer->update(&update, attrs, way ? i : 0, way ? i + 1 : WEIGHTS);
        }
        ck_assert_mem_eq(weight[0], weight[1], sizeof weight[0]);
    }
    for (int i = 0; i < WEIGHTS; i++)
        after += (double)weight[0][i] * (double)weight[0][i];
    ck_assert_msg(after < before, "%s goes uphill", type->name);
}

static void check_schedule(const FornixNode *type, const void *attrs)
{
    for (int64_t steps = 1; steps <= 1000; steps += 333)
        for (int64_t step = 0; step < steps; step++) {
            double factor = type->schedule->factor(attrs, step, steps);
            ck_assert_msg(factor >= 0 && factor <= 1, "%s: %g in step %ld of %ld", type->name,
                          factor, (long)step, (long)steps);
        }
}

/* The element of that name in the example, or in the first element of it. */
static void each_update_example(const FornixNode *type,
                                void (*check)(const FornixNode *type, const void *attrs))
{
    Example example = {.name = type->name, .arena = arena_new(), .diag = diag_new()};
    const Element *xml = expand_fragment("<example>", type->example, example.diag, example.arena);
    no_mistakes(&example);
    int found = 0;
    for (const Element *outer = xml->first; outer; outer = outer->next)
        for (const Element *e = outer; e; e = e == outer ? outer->first : e->next)
            if (strcmp(e->name, type->name) == 0) {
                const void *attrs = attr_read(type, e, NULL, example.diag, example.arena);
                no_mistakes(&example);
                check(type, attrs);
                found++;
            }
    ck_assert_int_gt(found, 0);
    diag_free(example.diag);
    arena_free(example.arena);
}

START_TEST(updates)
{
    const FornixNode *type = node_at(_i);
    each_update_example(type, type->optimizer ? check_optimizer : check_schedule);
}
END_TEST

/* A case for each node, so that a failure names it. */
static TCase *node_case(const char *name, int index)
{
    const FornixNode *type = node_at(index);
    TCase *tests = tcase_create(name);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, loads, index, index + 1);
    if (type && type->layer) {
        tcase_add_loop_test(tests, passes, index, index + 1);
        tcase_add_loop_test(tests, gradients, index, index + 1);
    }
    if (type && (type->layer || type->composite))
        tcase_add_loop_test(tests, training, index, index + 1);
    if (type && (type->optimizer || type->schedule))
        tcase_add_loop_test(tests, updates, index, index + 1);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("nodes");
    registry = registry_new();
    size_t count;
    const char *const *names = registry_names(registry, &count);
    for (size_t index = 0; index < count; index++)
        suite_add_tcase(suite, node_case(names[index], (int)index));
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    registry_free(registry);
    return failed > 0;
}
