/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plans do what the same graph does when nothing is shared: random graphs with every tensor in a
 * place of its own, on one thread, are what planned memory on several threads must equal bit by
 * bit, with NaN wherever nothing was written yet. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../src/expand.h"
#include "../src/infer.h"
#include "../src/language.h"
#include "../src/plan_parts.h"
#include "../src/team.h"
#include "../src/text.h"

enum { BATCH = 2, SIDE = 4, CHANNELS = 3, UPDATES = 4 };

/* A body with its plan, weights and batch. */
typedef struct {
    Arena *arena;
    Diag *diag;
    Registry *registry;
    Body *body;
    const Graph *graph;
    PlanUpdate updates[UPDATES];
    int update_count;
    Plan *plan;
    Weights *weights;
    float *image, *goal;
} Case;

/* What a case is planned with. */
typedef struct {
    bool apart;    /* every tensor in memory of its own */
    bool taps;     /* every value is wanted */
    unsigned only; /* of the updates, as bits; 0: all */
    uint64_t seed;
} Way;

static void show_mistakes(const Case *c)
{
    if (diag_errors(c->diag))
        diag_print(c->diag, stderr, false);
    ck_assert_uint_eq(diag_errors(c->diag), 0);
}

/* nets: <net> elements; body: what stands in a train stage, with batch.image and batch.goal. */
static void case_infer(Case *c, const char *nets, const char *body)
{
    *c = (Case){.arena = arena_new(), .diag = diag_new(), .registry = registry_new()};
    Text text = {0};
    text_format(&text, "%s<train id=\"t\">%s</train>", nets, body);
    const Element *root = expand_fragment("<test>", text_value(&text), c->diag, c->arena);
    text_free(&text);
    show_mistakes(c);
    static const FornixShape shape = {1, SIDE, SIDE, SIDE, CHANNELS};
    const FornixColumn columns[] = {{.name = "image", .kind = FORNIX_IMAGE, .shape = shape},
                                    {.name = "goal", .kind = FORNIX_FEATURE, .shape = shape}};
    NetDefinition definitions[8];
    int net_count = 0;
    for (const Element *e = root->first; e != root->last; e = e->next)
        definitions[net_count++] = (NetDefinition){e->id, e};
    InferRequest request = {.body = root->last,
                            .prefix = "batch",
                            .columns = columns,
                            .column_count = COUNT(columns),
                            .batch = BATCH,
                            .nets = definitions,
                            .net_count = net_count,
                            .registry = c->registry,
                            .diag = c->diag};
    c->body = body_new(&request);
    c->graph = body_graph(c->body);
    show_mistakes(c);
    for (const Element *e = root->last->first; e; e = e->next) {
        if (strcmp(e->name, "update") != 0)
            continue;
        const UpdateAttrs *attrs = attr_read(&language_update, e, NULL, c->diag, c->arena);
        const Plugin *plugin = registry_need(c->registry, e->first, c->diag);
        PlanUpdate *update = &c->updates[c->update_count++];
        *update = (PlanUpdate){.id = "u",
                               .loss = body_value(c->body, e, element_attribute(e, "minimise")),
                               .optimizer = plugin->node->optimizer,
                               .clip = attrs->clip,
                               .accumulate = (int)attrs->accumulate};
        update->optimizer_attrs = attr_read(plugin->node, e->first, NULL, c->diag, c->arena);
        for (int64_t k = 0; k < attrs->nets.count; k++)
            update->nets |= (uint64_t)1 << body_net(c->body, attrs->nets.items[k]);
    }
    show_mistakes(c);
}

static void case_plan(Case *c, const Way *way, Weights *weights)
{
    PlanUpdate chosen[UPDATES];
    PlanRequest request = {
        .graph = c->graph, .updates = chosen, .training = true, .apart = way->apart};
    for (int u = 0; u < c->update_count; u++) {
        request.trained |= c->updates[u].nets;
        if (!way->only || (way->only >> u & 1))
            chosen[request.update_count++] = c->updates[u];
    }
    Value **wanted = mem_new((size_t)c->graph->value_count + 1, sizeof(Value *));
    for (int v = 0; v < c->graph->value_count; v++)
        if (c->graph->values[v]->producer &&
            (way->taps || c->graph->values[v]->kind == FORNIX_LOSS))
            wanted[request.wanted_count++] = c->graph->values[v];
    request.wanted = wanted;
    c->plan = plan_new(&request, c->diag);
    show_mistakes(c);
    c->weights = weights;
    FornixError error = {0};
    ck_assert_msg(plan_open(c->plan, weights, way->seed, &error), "%s", error.text);
    size_t floats = BATCH * SIDE * SIDE * SIDE * CHANNELS;
    c->image = mem_new(floats, sizeof(float));
    c->goal = mem_new(floats, sizeof(float));
    mem_free(wanted); /* a plan keeps its own notes of it */
}

static void case_free(Case *c)
{
    plan_free(c->plan);
    body_free(c->body);
    registry_free(c->registry);
    diag_free(c->diag);
    arena_free(c->arena);
    mem_free(c->image);
    mem_free(c->goal);
}

typedef struct {
    Case *c;
    int64_t first, count;
} Steps;

static void take_steps(void *context, Team *team)
{
    const Steps *steps = context;
    Case *c = steps->c;
    size_t floats = BATCH * SIDE * SIDE * SIDE * CHANNELS;
    FornixRandomKey key = fornix_random_key(5, "test");
    static const double rates[UPDATES] = {1e-2, 1e-2, 1e-2, 1e-2};
    for (int64_t s = steps->first; s < steps->first + steps->count; s++) {
        FornixRandomKey now = fornix_random_derive(key, (uint64_t)s);
        fornix_random_fill_normal(now, 0, c->image, (int64_t)floats);
        fornix_random_fill_normal(now, floats, c->goal, (int64_t)floats);
        float *given[] = {c->image, c->goal}, *columns[2];
        for (int k = 0; k < c->graph->column_count; k++)
            columns[k] = given[strcmp(c->graph->column_names[k], "goal") == 0];
        memset(c->plan->arena, 0xff, (size_t)c->plan->size.arena); /* all NaN */
        int64_t numbers[UPDATES] = {s, s, s, s};
        FornixError error = {0};
        PlanRun run = {.columns = columns, .random = now, .numbers = numbers, .rates = rates};
        ck_assert_msg(plan_run(c->plan, team, &run, &error), "%s", error.text);
    }
}

static void case_steps(Case *c, int threads, int64_t first, int64_t count)
{
    Steps steps = {c, first, count};
    team_run(threads, take_steps, &steps);
}

/* Weights and states, one after another. */
static void same_weights(const Weights *a, const Weights *b, const char *what)
{
    Weights *left = (Weights *)(uintptr_t)a, *right = (Weights *)(uintptr_t)b;
    ck_assert_uint_eq(weights_count(left), weights_count(right));
    for (size_t k = 0; k < weights_count(left); k++) {
        const WeightTensor *x = weights_at(left, k), *y = weights_find(right, x->name);
        ck_assert_msg(y && memcmp(x->data, y->data, (size_t)shape_bytes(x->shape)) == 0,
                      "%s: '%s' differs", what, x->name);
        for (int64_t i = 0; i < fornix_floats(x->shape); i++)
            ck_assert_msg(isfinite(x->data[i]), "%s: '%s' is not finite", what, x->name);
    }
}

/* ---- Random graphs ---- */

typedef struct {
    FornixRandomKey key;
    uint64_t drawn;
} Dice;

static int roll(Dice *dice, int sides)
{
    return (int)fornix_random_below(dice->key, dice->drawn++, sides);
}

/* A net of so many nodes, each fed by any before it; what nobody reads is joined at the end. */
static void random_net(Dice *dice, const char *id, int nodes, Text *out)
{
    bool read[64] = {false};
    text_format(out, "<net id=\"%s\" input=\"n0\">", id);
    for (int k = 1; k <= nodes; k++) {
        int a = roll(dice, 3) ? k - 1 : roll(dice, k), b = roll(dice, k);
        static const char *const plain[][2] = {
            {"leaky_relu", ""},
            {"instance_norm", ""},
            {"batch_norm", ""},
            {"dropout", "rate=\"0.3\""},
            {"conv", "channels=\"2\""},
            {"conv", "channels=\"4\" kernel=\"1\""},
            {"tanh", ""},
            {"max_pool", "kernel=\"3\" stride=\"1\" padding=\"1\""},
            {"average_pool", "kernel=\"3\" stride=\"1\" padding=\"1\""},
        };
        int kind = roll(dice, (int)COUNT(plain) + 3);
        if (kind < (int)COUNT(plain)) {
            text_format(out, "<%s id=\"n%d\" x=\"n%d\" %s/>", plain[kind][0], k, a, plain[kind][1]);
        } else {
            text_format(out, "<concat id=\"n%d\" x=\"n%d n%d\"/>", k, a, b);
            read[b] = true;
        }
        read[a] = true;
    }
    text_add(out, "<concat id=\"all\" x=\"");
    for (int k = 1; k <= nodes; k++)
        if (!read[k])
            text_format(out, "n%d ", k);
    text_format(out, "\"/><conv id=\"y\" x=\"all\" channels=\"%d\" kernel=\"1\"/></net>", CHANNELS);
}

static char *random_nets(uint64_t number)
{
    Dice dice = {fornix_random_key(number, "graphs"), 0};
    Text text = {0};
    random_net(&dice, "A", 3 + roll(&dice, 8), &text);
    random_net(&dice, "B", 2 + roll(&dice, 5), &text);
    char *nets = mem_text(text_value(&text));
    text_free(&text);
    return nets;
}

/* A net used twice, in series with another, two updates that share what they compute. */
static const char shared_body[] =
    "<use id=\"a\" net=\"A\" n0=\"batch.image\"/><use id=\"b\" net=\"B\" n0=\"a/y\"/>"
    "<use id=\"c\" net=\"B\" n0=\"batch.image\"/>"
    "<mse_loss id=\"one\" x=\"b/y\" target=\"batch.goal\"/>"
    "<mse_loss id=\"two\" x=\"c/y\" target=\"batch.goal\"/><sum id=\"both\" x=\"one two\"/>"
    "<update nets=\"B\" minimise=\"both\" clip=\"1\"><adam/></update>"
    "<update nets=\"A\" minimise=\"one\" accumulate=\"2\"><sgd/></update>";

START_TEST(planned_equals_apart)
{
    char *nets = random_nets((uint64_t)_i), what[40];
    Case naive, planned;
    case_infer(&naive, nets, shared_body);
    case_plan(&naive, &(Way){.apart = true, .seed = 3}, weights_new());
    case_steps(&naive, 1, 0, 3);
    for (int way = 0; way < 4; way++) {
        case_infer(&planned, nets, shared_body);
        case_plan(&planned, &(Way){.taps = way == 3, .seed = 3}, weights_new());
        case_steps(&planned, way == 3 ? 2 : way + 1, 0, 3);
        snprintf(what, sizeof what, "graph %d, way %d", _i, way);
        same_weights(naive.weights, planned.weights, what);
        ck_assert_int_le(planned.plan->size.bound, planned.plan->size.arena);
        ck_assert_int_le(planned.plan->size.arena, naive.plan->size.arena);
        weights_free(planned.weights);
        case_free(&planned);
    }
    weights_free(naive.weights);
    case_free(&naive);
    mem_free(nets);
}
END_TEST

/* Every inner value, tapped, holds what it holds where nothing is shared. */
START_TEST(taps_equal_apart)
{
    char *nets = random_nets((uint64_t)_i + 1000);
    Case naive, planned;
    case_infer(&naive, nets, shared_body);
    case_plan(&naive, &(Way){.apart = true, .taps = true, .seed = 3}, weights_new());
    case_steps(&naive, 1, 0, 1);
    case_infer(&planned, nets, shared_body);
    case_plan(&planned, &(Way){.taps = true, .seed = 3}, weights_new());
    case_steps(&planned, 2, 0, 1);
    for (int k = 0; k < naive.plan->request.wanted_count; k++) {
        FornixView x = plan_wanted(naive.plan, k), y = plan_wanted(planned.plan, k);
        for (int64_t p = 0; p < fornix_pixels(x.shape); p++)
            ck_assert_msg(memcmp(x.data + p * x.pitch_w, y.data + p * y.pitch_w,
                                 (size_t)x.shape.c * sizeof(float)) == 0,
                          "graph %d: wanted value %d differs", _i, k);
    }
    weights_free(naive.weights);
    weights_free(planned.weights);
    case_free(&naive);
    case_free(&planned);
    mem_free(nets);
}
END_TEST

/* ---- Updates ---- */

static const char gan_nets[] =
    "<net id=\"G\" input=\"z\"><conv id=\"h\" x=\"z\" channels=\"4\"/><dropout id=\"d\" x=\"h\"/>"
    "<conv id=\"x\" x=\"d\" channels=\"3\"/></net>"
    "<net id=\"D\" input=\"x\"><conv id=\"h\" x=\"x\" channels=\"4\"/><leaky_relu id=\"r\" "
    "x=\"h\"/><conv id=\"y\" x=\"r\" channels=\"3\"/></net>";
static const char gan_body[] =
    "<use id=\"fake\" net=\"G\" z=\"batch.image\"/><use id=\"on_fake\" net=\"D\" x=\"fake/x\"/>"
    "<use id=\"on_real\" net=\"D\" x=\"batch.goal\"/>"
    "<mse_loss id=\"f\" x=\"on_fake/y\" target=\"batch.goal\"/>"
    "<mse_loss id=\"r\" x=\"on_real/y\" target=\"batch.image\"/><sum id=\"d\" x=\"f r\"/>"
    "<update nets=\"D\" minimise=\"d\"><adam/></update>"
    "<update nets=\"G\" minimise=\"f\"><adam/></update>";

/* In one plan the generator's forward pass serves both updates; one after another it runs twice,
 * with the same noise. */
START_TEST(two_updates_equal_one_after_another)
{
    Case together, first, second;
    case_infer(&together, gan_nets, gan_body);
    case_plan(&together, &(Way){.seed = 7}, weights_new());
    case_steps(&together, 2, 0, 3);
    Weights *weights = weights_new();
    case_infer(&first, gan_nets, gan_body);
    case_plan(&first, &(Way){.only = 1, .seed = 7}, weights);
    case_infer(&second, gan_nets, gan_body);
    case_plan(&second, &(Way){.only = 2, .seed = 7}, weights);
    for (int s = 0; s < 3; s++) {
        case_steps(&first, 1, s, 1);
        case_steps(&second, 1, s, 1);
    }
    same_weights(together.weights, weights, "two updates");
    weights_free(weights);
    weights_free(together.weights);
    case_free(&together);
    case_free(&first);
    case_free(&second);
}
END_TEST

static const char one_net[] = "<net id=\"A\" input=\"x\"><conv id=\"h\" x=\"x\" channels=\"4\"/>"
                              "<batch_norm id=\"n\" x=\"h\"/><conv id=\"y\" x=\"n\" "
                              "channels=\"3\"/></net>"
                              "<net id=\"F\" input=\"x\"><conv id=\"h\" x=\"x\" channels=\"3\"/>"
                              "<batch_norm id=\"y\" x=\"h\"/></net>";

static char *one_body(const char *update)
{
    Text text = {0};
    text_add(&text, "<use id=\"a\" net=\"A\" x=\"batch.image\"/>"
                    "<mse_loss id=\"l\" x=\"a/y\" target=\"batch.goal\"/>");
    text_add(&text, update);
    return text.data;
}

static float *weight_of(Weights *weights, const char *name)
{
    WeightTensor *tensor = weights_find(weights, name);
    ck_assert_ptr_nonnull(tensor);
    return tensor->data;
}

/* Nothing changes before the last batch; then by the mean of all gradients. */
START_TEST(accumulated_gradients_are_averaged)
{
    char *single = one_body("<update nets=\"A\" minimise=\"l\"><sgd rate=\"1e-2\" "
                            "momentum=\"0\"/></update>");
    char *sum = one_body("<update nets=\"A\" minimise=\"l\" accumulate=\"2\"><sgd "
                         "rate=\"1e-2\" momentum=\"0\"/></update>");
    float before[3], step[3] = {0, 0, 0};
    Case c;
    for (int s = 0; s < 2; s++) {
        case_infer(&c, one_net, single);
        case_plan(&c, &(Way){.seed = 2}, weights_new());
        memcpy(before, weight_of(c.weights, "A/y.bias"), sizeof before);
        case_steps(&c, 1, s, 1);
        for (int k = 0; k < 3; k++)
            step[k] += (weight_of(c.weights, "A/y.bias")[k] - before[k]) / 2;
        weights_free(c.weights);
        case_free(&c);
    }
    case_infer(&c, one_net, sum);
    case_plan(&c, &(Way){.seed = 2}, weights_new());
    case_steps(&c, 2, 0, 1);
    ck_assert_mem_eq(before, weight_of(c.weights, "A/y.bias"), sizeof before);
    case_steps(&c, 2, 1, 1);
    for (int k = 0; k < 3; k++)
        ck_assert_float_eq_tol(weight_of(c.weights, "A/y.bias")[k], before[k] + step[k], 1e-6f);
    ck_assert_int_eq((int)weights_find(c.weights, "A/y.bias")->updates, 1);
    weights_free(c.weights);
    case_free(&c);
    mem_free(single);
    mem_free(sum);
}
END_TEST

/* A net that no update trains keeps weights and statistics, and hands gradients on. */
START_TEST(frozen_nets_stay)
{
    static const char frozen[] = "<use id=\"a\" net=\"A\" x=\"batch.image\"/>"
                                 "<use id=\"f\" net=\"F\" x=\"a/y\"/>"
                                 "<mse_loss id=\"l\" x=\"f/y\" target=\"batch.goal\"/>"
                                 "<update nets=\"A\" minimise=\"l\"><adam/></update>";
    Case start, c;
    case_infer(&start, one_net, frozen);
    case_plan(&start, &(Way){.seed = 2}, weights_new());
    case_infer(&c, one_net, frozen);
    case_plan(&c, &(Way){.seed = 2}, weights_new());
    case_steps(&c, 2, 0, 3);
    for (size_t k = 0; k < weights_count(c.weights); k++) {
        const WeightTensor *after = weights_at(c.weights, k);
        const float *before = weight_of(start.weights, after->name);
        bool same = memcmp(before, after->data, (size_t)shape_bytes(after->shape)) == 0;
        ck_assert_msg(same == (after->name[0] == 'F'), "'%s'", after->name);
    }
    weights_free(start.weights);
    weights_free(c.weights);
    case_free(&start);
    case_free(&c);
}
END_TEST

START_TEST(two_cannot_accumulate_for_one_net)
{
    char *text = one_body("<update nets=\"A\" minimise=\"l\" accumulate=\"2\"><sgd/></update>"
                          "<update nets=\"A\" minimise=\"l\" accumulate=\"3\"><sgd/></update>");
    Case c;
    case_infer(&c, one_net, text);
    PlanRequest request = {.graph = c.graph, .updates = c.updates, .update_count = 2};
    ck_assert_ptr_null(plan_new(&request, c.diag));
    ck_assert_uint_eq(diag_errors(c.diag), 1);
    case_free(&c);
    mem_free(text);
}
END_TEST

/* ---- The team ---- */

enum { TASKS = 40, GRAINS = 50 };

typedef struct {
    Task tasks[TASKS];
    int after[TASKS][TASKS];
    int64_t grains[TASKS][2];
    int runs[TASKS][2][GRAINS];
    int ended[TASKS]; /* grains of the last pass */
    int early;        /* grains that ran before their time */
} Work;

static void work_grains(void *context, int task, int pass, int64_t begin, int64_t end)
{
    Work *work = context;
    for (int earlier = 0; earlier < task; earlier++)
        for (int k = 0; k < work->tasks[earlier].after_count; k++)
            if (work->after[earlier][k] == task &&
                __atomic_load_n(&work->ended[earlier], __ATOMIC_ACQUIRE) !=
                    (int)work->grains[earlier][1])
                __atomic_fetch_add(&work->early, 1, __ATOMIC_RELAXED);
    for (int64_t i = begin; i < end; i++)
        work->runs[task][pass][i]++;
    if (pass == 1)
        __atomic_fetch_add(&work->ended[task], (int)(end - begin), __ATOMIC_RELEASE);
}

static void begin_work(void *context, Team *team)
{
    Work *work = context;
    Tasks tasks = {.tasks = work->tasks, .count = TASKS, .run = work_grains, .context = work};
    team_tasks(team, &tasks);
}

/* Every grain once, none before those that it waits for. */
START_TEST(tasks_run_in_order)
{
    Work *work = mem_new(1, sizeof *work);
    Dice dice = {fornix_random_key((uint64_t)_i, "tasks"), 0};
    for (int t = 0; t < TASKS; t++) {
        work->grains[t][0] = roll(&dice, GRAINS + 1);
        work->grains[t][1] = roll(&dice, GRAINS + 1);
        work->tasks[t].grains = work->grains[t];
        work->tasks[t].passes = 2;
        work->tasks[t].after = work->after[t];
        for (int later = t + 1; later < TASKS; later++)
            if (roll(&dice, 8) == 0) {
                work->after[t][work->tasks[t].after_count++] = later;
                work->tasks[later].before++;
            }
    }
    team_run(1 + _i % 4, begin_work, work);
    ck_assert_int_eq(work->early, 0);
    for (int t = 0; t < TASKS; t++)
        for (int pass = 0; pass < 2; pass++)
            for (int i = 0; i < GRAINS; i++)
                ck_assert_int_eq(work->runs[t][pass][i], i < work->grains[t][pass]);
    mem_free(work);
}
END_TEST

typedef struct {
    Team *team;
    int64_t sums[6];
    int64_t number;
    int64_t values[6][100];
} Drives;

static void add_up(void *context, int64_t i)
{
    int64_t *values = context;
    values[i] = i;
}

static void drive(void *context)
{
    Drives *drives = context;
    int64_t number = __atomic_fetch_add(&drives->number, 1, __ATOMIC_RELAXED);
    if (number < 3)
        team_drive(drives->team, drive, drives); /* a driver can start another */
    team_each(drives->team, 100, add_up, drives->values[number]);
    for (int k = 0; k < 100; k++)
        drives->sums[number] += drives->values[number][k];
}

static void begin_drives(void *context, Team *team)
{
    Drives *drives = context;
    drives->team = team;
    for (int k = 0; k < 3; k++)
        team_drive(team, drive, drives);
}

START_TEST(drivers_share_the_team)
{
    Drives drives = {0};
    team_run(1 + _i, begin_drives, &drives);
    ck_assert_int_eq(drives.number, 6);
    for (int k = 0; k < 6; k++)
        ck_assert_int_eq(drives.sums[k], 4950);
}
END_TEST

enum { OWN_MS = 20, OTHERS_MS = 40 };

static void nap(void *context, int task, int pass, int64_t begin, int64_t end)
{
    (void)task, (void)pass, (void)begin, (void)end;
    nanosleep(&(struct timespec){.tv_nsec = *(long *)context * 1000000}, NULL);
}

/* One thread: what is not the next batch comes first. */
static void wait_for_batch(void *context, Team *team)
{
    double *seconds = context, began = seconds_now();
    int64_t one = 1;
    long own = OWN_MS, others = OTHERS_MS;
    Task task = {.grains = &one, .passes = 1};
    Tasks batch = {.tasks = &task, .count = 1, .run = nap, .context = &own, .low = true};
    Tasks step = {.tasks = &task, .count = 1, .run = nap, .context = &others};
    Ticket *first = team_start(team, &batch), *second = team_start(team, &step);
    seconds[1] = team_wait(team, first);
    seconds[0] = seconds_now() - began;
    seconds[2] = team_wait(team, second);
}

START_TEST(work_for_others_is_no_waiting)
{
    double seconds[3];
    team_run(1, wait_for_batch, seconds);
    ck_assert_double_ge(seconds[1], 1e-3 * OTHERS_MS);
    ck_assert_double_ge(seconds[0] - seconds[1], 1e-3 * OWN_MS);
    ck_assert_double_eq(seconds[2], 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine");
    TCase *plans = tcase_create("plans");
    tcase_add_loop_test(plans, planned_equals_apart, 0, 40);
    tcase_add_loop_test(plans, taps_equal_apart, 0, 10);
    tcase_add_test(plans, two_updates_equal_one_after_another);
    tcase_add_test(plans, accumulated_gradients_are_averaged);
    tcase_add_test(plans, frozen_nets_stay);
    tcase_add_test(plans, two_cannot_accumulate_for_one_net);
    suite_add_tcase(suite, plans);
    TCase *teams = tcase_create("teams");
    tcase_add_loop_test(teams, tasks_run_in_order, 0, 12);
    tcase_add_test(teams, work_for_others_is_no_waiting);
    tcase_add_loop_test(teams, drivers_share_the_team, 0, 4);
    suite_add_tcase(suite, teams);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
