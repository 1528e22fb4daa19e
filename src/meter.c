/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "meter.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base.h"

struct Gauge {
    Meter *meter;
    char *name;
    char note[120];
    int64_t total, done, first;
    double began;
    double ends; /* when it is expected to; 0: steps so far tell */
};

struct Meter {
    FILE *out;
    bool json, terminal;
    pthread_mutex_t lock;
    double shown; /* when a bar or line was last written */
    bool bar;     /* one stands on the terminal's last line */
};

Meter *meter_new(FILE *out, bool json)
{
    Meter *meter = mem_new(1, sizeof *meter);
    meter->out = out;
    meter->json = json;
    meter->terminal = out && !json && isatty(fileno(out));
    pthread_mutex_init(&meter->lock, NULL);
    return meter;
}

static void clear_bar(Meter *meter)
{
    if (meter->bar)
        fputs("\r\033[K", meter->out);
    meter->bar = false;
}

void meter_free(Meter *meter)
{
    if (!meter)
        return;
    if (meter->out)
        clear_bar(meter);
    pthread_mutex_destroy(&meter->lock);
    mem_free(meter);
}

Gauge *meter_begin(Meter *meter, const char *name, int64_t total, int64_t done)
{
    Gauge *gauge = mem_new(1, sizeof *gauge);
    *gauge = (Gauge){.meter = meter,
                     .name = mem_text(name),
                     .total = total,
                     .done = done,
                     .first = done,
                     .began = seconds_now()};
    return gauge;
}

static void time_text(double seconds, char *text, size_t size)
{
    int64_t s = (int64_t)(seconds + 0.5);
    if (s < 60)
        snprintf(text, size, "%" PRId64 " s", s);
    else if (s < 3600)
        snprintf(text, size, "%" PRId64 ":%02" PRId64 " min", s / 60, s % 60);
    else
        snprintf(text, size, "%" PRId64 ":%02" PRId64 " h", s / 3600, s / 60 % 60);
}

static void put_quoted(FILE *out, const char *text)
{
    putc('"', out);
    for (; *text; text++)
        if (*text == '"' || *text == '\\')
            fprintf(out, "\\%c", *text);
        else if ((unsigned char)*text < ' ')
            fprintf(out, "\\u%04x", (unsigned)(unsigned char)*text);
        else
            putc(*text, out);
    putc('"', out);
}

static int terminal_width(FILE *out)
{
    struct winsize size;
    return ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
}

/* Within a line of the terminal: what wraps could not be cleared again. */
static void show_bar(const Gauge *gauge, const char *left)
{
    enum { WIDTH = 24 };
    Meter *meter = gauge->meter;
    char line[400];
    int full = gauge->total > 0 ? (int)(WIDTH * gauge->done / gauge->total) : 0;
    int percent = gauge->total > 0 ? (int)(100 * gauge->done / gauge->total) : 0;
    snprintf(line, sizeof line, "%-20s [%.*s%.*s] %3d %%  %s left  %s", gauge->name, full,
             "########################", WIDTH - full, "........................", percent, left,
             gauge->note);
    clear_bar(meter);
    fprintf(meter->out, "%.*s", terminal_width(meter->out) - 1, line);
    meter->bar = true;
}

static void show(Gauge *gauge, double now)
{
    Meter *meter = gauge->meter;
    int64_t new = gauge->done - gauge->first;
    double left =
        new > 0 ? (now - gauge->began) / (double)new *(double)(gauge->total - gauge->done) : -1;
    char time[40] = "";
    if (gauge->ends > 0)
        left = gauge->ends > now ? gauge->ends - now : 0;
    if (left >= 0)
        time_text(left, time, sizeof time);
    if (meter->json) {
        fputs("{\"stage\": ", meter->out);
        put_quoted(meter->out, gauge->name);
        fprintf(meter->out,
                ", \"done\": %" PRId64 ", \"total\": %" PRId64 ", \"seconds_left\": %.1f}\n",
                gauge->done, gauge->total, left);
    } else if (meter->terminal) {
        show_bar(gauge, *time ? time : "?");
    } else {
        fprintf(meter->out, "%s: %" PRId64 " of %" PRId64 ", %s left  %s\n", gauge->name,
                gauge->done, gauge->total, *time ? time : "?", gauge->note);
    }
    fflush(meter->out);
    meter->shown = now;
}

void meter_step(Gauge *gauge, int64_t done)
{
    Meter *meter = gauge->meter;
    if (!meter->out)
        return;
    pthread_mutex_lock(&meter->lock);
    gauge->done = done;
    double now = seconds_now();
    if (now - meter->shown > (meter->terminal ? 0.2 : 10) && now - gauge->began > 1)
        show(gauge, now);
    pthread_mutex_unlock(&meter->lock);
}

void meter_expect(Gauge *gauge, double seconds)
{
    pthread_mutex_lock(&gauge->meter->lock);
    gauge->ends = seconds_now() + seconds;
    pthread_mutex_unlock(&gauge->meter->lock);
}

void meter_note(Gauge *gauge, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    pthread_mutex_lock(&gauge->meter->lock);
    vsnprintf(gauge->note, sizeof gauge->note, format, args);
    pthread_mutex_unlock(&gauge->meter->lock);
    va_end(args);
}

void meter_end(Gauge *gauge)
{
    Meter *meter = gauge->meter;
    pthread_mutex_lock(&meter->lock);
    if (meter->out) {
        clear_bar(meter);
        if (meter->json) {
            fputs("{\"stage\": ", meter->out);
            put_quoted(meter->out, gauge->name);
            fprintf(meter->out, ", \"ended\": true, \"seconds\": %.2f}\n",
                    seconds_now() - gauge->began);
        } else
            fprintf(meter->out, "%-24s %8.1f s  %s\n", gauge->name, seconds_now() - gauge->began,
                    gauge->note);
        fflush(meter->out);
    }
    pthread_mutex_unlock(&meter->lock);
    mem_free(gauge->name);
    mem_free(gauge);
}

int64_t meter_done(const Gauge *gauge)
{
    return gauge->done;
}

void meter_drop(Gauge *gauge)
{
    pthread_mutex_lock(&gauge->meter->lock);
    clear_bar(gauge->meter);
    pthread_mutex_unlock(&gauge->meter->lock);
    mem_free(gauge->name);
    mem_free(gauge);
}

static void say(Meter *meter, const char *key, const char *before, const char *text)
{
    if (!meter->out)
        return;
    pthread_mutex_lock(&meter->lock);
    clear_bar(meter);
    if (meter->json) {
        fprintf(meter->out, "{\"%s\": ", key);
        put_quoted(meter->out, text);
        fputs("}\n", meter->out);
    } else {
        fprintf(meter->out, "%s%s\n", before, text);
    }
    fflush(meter->out);
    pthread_mutex_unlock(&meter->lock);
}

void meter_say(Meter *meter, const char *format, ...)
{
    char text[1200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    say(meter, "message", "", text);
}

void meter_fail(Meter *meter, const char *text)
{
    say(meter, "error", "fornix: ", text);
}
