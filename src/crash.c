/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crash.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "scene.h"

enum { STACK = 1 << 16, NULL_PAGES = 1 << 16, TEXT_MOST = 8000, LINE_MOST = 200 };
enum { EXIT_CRASHED = 1 }; /* as of any run that fails */

static const struct {
    int number;
    const char *name, *meaning;
} signals[] = {
    {SIGSEGV, "SIGSEGV", "memory that is not there or may not be written"},
    {SIGBUS, "SIGBUS", "memory that can't be reached: a file cut short, or misaligned"},
    {SIGFPE, "SIGFPE", "a division by zero"},
    {SIGILL, "SIGILL", "an instruction that this machine has not"},
    {SIGABRT, "SIGABRT", "it called abort, or spoilt the heap"},
};

/* Handlers have no context: state that is the process's. */
static bool caught, as_json;
static atomic_flag telling = ATOMIC_FLAG_INIT;
static const char *_Atomic advice;
static atomic_int told_to = -1;
static struct sigaction before[COUNT(signals)];
static void *first_stack; /* of the thread that crash_catch was called on */

/* ---- Text that is put together without a library ---- */

typedef struct Told {
    char text[TEXT_MOST];
    size_t length;
    bool quoted; /* for JSON */
} Told;

static void put_byte(Told *told, char byte)
{
    if (told->length < sizeof told->text)
        told->text[told->length++] = byte;
}

static void put_slice(Told *told, const char *text, size_t length)
{
    for (size_t k = 0; k < length; k++) {
        bool special = told->quoted && (text[k] == '"' || text[k] == '\\');
        if (special)
            put_byte(told, '\\');
        put_byte(told, told->quoted && (unsigned char)text[k] < ' ' ? ' ' : text[k]);
    }
}

static void put(Told *told, const char *text)
{
    put_slice(told, text, strlen(text));
}

static void put_number(Told *told, int number, int width)
{
    char digits[20];
    int count = 0;
    for (; count < 19 && (number > 0 || !count); number /= 10)
        digits[count++] = (char)('0' + number % 10);
    for (int k = count; k < width; k++)
        put_byte(told, ' ');
    while (count)
        put_byte(told, digits[--count]);
}

static void send(const Told *told, int file)
{
    for (size_t done = 0; done < told->length;) {
        ssize_t wrote = write(file, told->text + done, told->length - done);
        if (wrote <= 0)
            return;
        done += (size_t)wrote;
    }
}

/* ---- What is told ---- */

static void put_position(Told *told, const Place *place)
{
    put(told, place->source->name);
    put(told, ":");
    put_number(told, place->line, 0);
    put(told, ":");
    put_number(told, place->column, 0);
}

/* As diag.h shows it. */
static void put_excerpt(Told *told, const Place *place)
{
    const char *line = place->source->text;
    for (int k = 1; line && k < place->line; k++) {
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    if (!line)
        return;
    size_t length = strcspn(line, "\r\n");
    put_number(told, place->line, 5);
    put(told, " | ");
    put_slice(told, line, length < LINE_MOST ? length : LINE_MOST);
    put(told, "\n      | ");
    int column = 1;
    for (size_t k = 0; k < length && column < place->column; k++)
        if (((unsigned char)line[k] & 0xC0) != 0x80) { /* a character begins */
            put(told, line[k] == '\t' ? "\t" : " ");
            column++;
        }
    put(told, "^");
    for (int k = 1; k < place->length && k < LINE_MOST; k++)
        put(told, "~");
    put(told, "\n");
}

/* "crashes 'u/c' crashed in forward: ... (SIGSEGV at a NULL pointer)" */
static void put_what(Told *told, const Scene *scene, size_t which, bool null)
{
    if (scene) {
        put(told, scene->node ? scene->node->name : "the plugin");
        if (scene->id) {
            put(told, " '");
            put(told, scene->id);
            put(told, "'");
        }
        put(told, " crashed ");
        put(told, scene->doing);
    } else {
        put(told, "fornix crashed outside of any node: that is a mistake of its own");
    }
    put(told, ": ");
    put(told, null ? "a NULL pointer" : signals[which].meaning);
    put(told, " (");
    put(told, signals[which].name);
    put(told, ")");
}

static void put_plugin(Told *told, const Scene *scene)
{
    const char *path = !scene ? NULL : scene->node ? scene_path(scene->node) : scene->id;
    if (!path)
        return;
    put(told, "note: its plugin is ");
    put(told, path);
    put(told, ": 'fornix test-node ");
    put(told, path);
    put(told, "' helps to find what is wrong there\n");
}

static void put_text(Told *told, const Scene *scene, size_t which, bool null)
{
    const Place *place = scene && scene->place.source ? &scene->place : NULL;
    const char *more = atomic_load(&advice);
    put(told, "\n"); /* a bar may stand in this line */
    if (place)
        put_position(told, place);
    else
        put(told, "fornix");
    put(told, ": error: ");
    put_what(told, scene, which, null);
    put(told, "\n");
    if (place)
        put_excerpt(told, place);
    for (const Trail *trail = place ? place->trail : NULL; trail; trail = trail->place.trail) {
        if (trail->place.source)
            put_position(told, &trail->place);
        put(told, ": note: ");
        put(told, trail->why);
        put(told, "\n");
    }
    put_plugin(told, scene);
    if (more) {
        put(told, "note: ");
        put(told, more);
        put(told, "\n");
    }
}

static void put_json(Told *told, const Scene *scene, size_t which, bool null)
{
    const Place *place = scene && scene->place.source ? &scene->place : NULL;
    const char *path = scene && scene->node ? scene_path(scene->node) : NULL;
    put(told, "\n{\"severity\": \"error\", ");
    if (place) {
        put(told, "\"file\": \"");
        told->quoted = true;
        put(told, place->source->name);
        told->quoted = false;
        put(told, "\", \"line\": ");
        put_number(told, place->line, 0);
        put(told, ", \"column\": ");
        put_number(told, place->column, 0);
        put(told, ", ");
    }
    put(told, "\"message\": \"");
    told->quoted = true;
    put_what(told, scene, which, null);
    told->quoted = false;
    if (path) {
        put(told, "\", \"plugin\": \"");
        told->quoted = true;
        put(told, path);
        told->quoted = false;
    }
    put(told, "\"}\n");
}

/* For whoever waits: no more than fits into a pipe at once. */
static void put_word(Told *told, const Scene *scene, size_t which, bool null)
{
    put_what(told, scene, which, null);
    if (!scene || !scene->place.source)
        return;
    put(told, " (");
    put_position(told, &scene->place);
    put(told, ")");
}

static void tell(const Scene *scene, size_t which, bool null)
{
    static Told told;
    int file = atomic_load(&told_to);
    if (as_json)
        put_json(&told, scene, which, null);
    else
        put_text(&told, scene, which, null);
    send(&told, STDERR_FILENO);
    if (file < 0)
        return;
    told.length = 0;
    put_word(&told, scene, which, null);
    send(&told, file);
}

/* ---- The handler ---- */

static void crashed(int number, siginfo_t *info, void *context)
{
    size_t which = 0;
    while (which + 1 < COUNT(signals) && signals[which].number != number)
        which++;
    while (atomic_flag_test_and_set(&telling)) /* another thread tells, and ends all of them */
        pause();
    bool null = number == SIGSEGV && (uintptr_t)info->si_addr < NULL_PAGES;
    tell(scene_now, which, null);
    if (before[which].sa_flags & SA_SIGINFO)
        before[which].sa_sigaction(number, info, context);
    _exit(EXIT_CRASHED);
}

void crash_catch(bool json)
{
    as_json = json;
    if (caught)
        return;
    caught = true;
    first_stack = crash_stack_take();
    struct sigaction action = {.sa_sigaction = crashed, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (size_t k = 0; k < COUNT(signals); k++)
        sigaction(signals[k].number, &action, &before[k]);
}

void crash_advise(const char *text)
{
    atomic_store(&advice, text);
}

void crash_tell(int file)
{
    atomic_store(&told_to, file);
}

void *crash_stack_take(void)
{
    stack_t now = {0};
    if (!caught || sigaltstack(NULL, &now) != 0 || !(now.ss_flags & SS_DISABLE))
        return NULL; /* somebody else's serves as well */
    stack_t stack = {.ss_sp = mem_new(STACK, 1), .ss_size = STACK};
    sigaltstack(&stack, NULL);
    return stack.ss_sp;
}

void crash_stack_give(void *stack)
{
    if (!stack)
        return;
    sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
    mem_free(stack);
}
