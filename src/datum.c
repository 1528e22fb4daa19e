/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A value of the graph language's arithmetic, and what can be computed with it.
 *
 * Counts and sizes are what graphs compute, so integers are kept exact and never wrap: a size that
 * silently became negative would be found far from its line.
 */
#include "datum.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char overflow[] = "the result does not fit 64 bits";

Datum datum_int(int64_t whole)
{
    return (Datum){.kind = DATUM_INT, .whole = whole, .real = (double)whole};
}

Datum datum_real(double real)
{
    return (Datum){.kind = DATUM_REAL, .real = real};
}

Datum datum_bool(bool truth)
{
    return (Datum){.kind = DATUM_BOOL, .whole = truth};
}

Datum datum_text(const char *text)
{
    return (Datum){.kind = DATUM_TEXT, .text = text};
}

Datum datum_read(const char *text)
{
    int64_t whole;
    double real;
    Datum datum = datum_text(text);
    if (text_to_int(text, &whole))
        datum = datum_int(whole);
    else if (text_to_real(text, &real))
        datum = datum_real(real);
    datum.text = text;
    return datum;
}

const char *datum_kind(const Datum *datum)
{
    static const char *const words[] = {[DATUM_UNKNOWN] = "not known",
                                        [DATUM_INT] = "a number",
                                        [DATUM_REAL] = "a number",
                                        [DATUM_BOOL] = "true or false",
                                        [DATUM_TEXT] = "text"};
    return words[datum->kind];
}

bool datum_is_number(const Datum *datum)
{
    return datum->kind == DATUM_INT || datum->kind == DATUM_REAL;
}

void datum_write(Text *text, const Datum *datum)
{
    if (datum->text)
        text_add(text, datum->text);
    else if (datum->kind == DATUM_INT)
        text_format(text, "%" PRId64, datum->whole);
    else if (datum->kind == DATUM_REAL)
        text_add_real(text, datum->real);
    else if (datum->kind == DATUM_BOOL)
        text_add(text, datum->whole ? "true" : "false");
}

bool datum_equal(const Datum *a, const Datum *b)
{
    if (a->kind == DATUM_INT && b->kind == DATUM_INT)
        return a->whole == b->whole;
    if (datum_is_number(a) && datum_is_number(b))
        return a->real == b->real;
    Text left = {0}, right = {0};
    datum_write(&left, a);
    datum_write(&right, b);
    bool equal = strcmp(text_value(&left), text_value(&right)) == 0;
    text_free(&left);
    text_free(&right);
    return equal;
}

static const char *real_kept(double real, Datum *out)
{
    if (!isfinite(real))
        return "the result is no finite number";
    *out = datum_real(real);
    return NULL;
}

static const char *power(int64_t base, int64_t exponent, Datum *out)
{
    int64_t product = 1;
    for (; exponent; exponent /= 2) {
        if (exponent % 2 && __builtin_mul_overflow(product, base, &product))
            return overflow;
        if (exponent > 1 && __builtin_mul_overflow(base, base, &base))
            return overflow;
    }
    *out = datum_int(product);
    return NULL;
}

static const char *operate_int(char operation, int64_t a, int64_t b, Datum *out)
{
    int64_t result = 0;
    bool wrapped = false;
    switch (operation) {
    case '+': wrapped = __builtin_add_overflow(a, b, &result); break;
    case '-': wrapped = __builtin_sub_overflow(a, b, &result); break;
    case '*': wrapped = __builtin_mul_overflow(a, b, &result); break;
    case '/': /* without a rest; only by -1 can it overflow */
        if (b == -1)
            wrapped = __builtin_sub_overflow(0, a, &result);
        else
            result = a / b;
        break;
    case '%':
        result = b == -1 ? 0 : a % b;
        if (result && (result < 0) != (b < 0))
            result += b;
        break;
    default: return power(a, b, out);
    }
    if (wrapped)
        return overflow;
    *out = datum_int(result);
    return NULL;
}

static double modulo(double a, double b)
{
    double rest = fmod(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

const char *datum_operate(char operation, const Datum *a, const Datum *b, Datum *out)
{
    if ((operation == '/' || operation == '%') && b->real == 0)
        return "division by zero";
    bool whole = a->kind == DATUM_INT && b->kind == DATUM_INT;
    if (operation == '/')
        whole = whole && (b->whole == -1 || a->whole % b->whole == 0);
    if (operation == '^')
        whole = whole && b->whole >= 0;
    if (whole)
        return operate_int(operation, a->whole, b->whole, out);
    switch (operation) {
    case '+': return real_kept(a->real + b->real, out);
    case '-': return real_kept(a->real - b->real, out);
    case '*': return real_kept(a->real * b->real, out);
    case '/': return real_kept(a->real / b->real, out);
    case '%': return real_kept(modulo(a->real, b->real), out);
    default: return real_kept(pow(a->real, b->real), out);
    }
}

static const char *numbers(const Datum *arguments, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!datum_is_number(&arguments[i]))
            return "it takes numbers";
    return NULL;
}

static const char *call_min(const Datum *arguments, size_t count, Datum *out)
{
    *out = arguments[0];
    for (size_t i = 1; i < count; i++)
        if (arguments[i].real < out->real)
            *out = arguments[i];
    return numbers(arguments, count);
}

static const char *call_max(const Datum *arguments, size_t count, Datum *out)
{
    *out = arguments[0];
    for (size_t i = 1; i < count; i++)
        if (arguments[i].real > out->real)
            *out = arguments[i];
    return numbers(arguments, count);
}

static const char *call_abs(const Datum *arguments, size_t count, Datum *out)
{
    if (arguments[0].kind == DATUM_INT && arguments[0].whole == INT64_MIN)
        return overflow;
    *out = arguments[0].kind == DATUM_INT
               ? datum_int(arguments[0].whole < 0 ? -arguments[0].whole : arguments[0].whole)
               : datum_real(fabs(arguments[0].real));
    return numbers(arguments, count);
}

static const char *to_int(const Datum *argument, double (*to)(double), Datum *out)
{
    *out = *argument;
    if (argument->kind != DATUM_REAL)
        return numbers(argument, 1);
    double real = to(argument->real);
    if (!(real >= -0x1p63 && real < 0x1p63))
        return overflow;
    *out = datum_int((int64_t)real);
    return NULL;
}

static const char *call_floor(const Datum *arguments, size_t count, Datum *out)
{
    (void)count;
    return to_int(arguments, floor, out);
}

static const char *call_ceil(const Datum *arguments, size_t count, Datum *out)
{
    (void)count;
    return to_int(arguments, ceil, out);
}

static const char *call_round(const Datum *arguments, size_t count, Datum *out)
{
    (void)count;
    return to_int(arguments, round, out);
}

static const char *call_log2(const Datum *arguments, size_t count, Datum *out)
{
    const char *fault = numbers(arguments, count);
    if (fault)
        return fault;
    return arguments[0].real > 0 ? real_kept(log2(arguments[0].real), out)
                                 : "it takes numbers above 0";
}

static const char *call_pow(const Datum *arguments, size_t count, Datum *out)
{
    const char *fault = numbers(arguments, count);
    return fault ? fault : datum_operate('^', &arguments[0], &arguments[1], out);
}

/* Words of a list are counted from the text: a list of one number was read as that number. */
static bool words(const Datum *list, const char *sought, int64_t *count)
{
    size_t found;
    bool held = false;
    Text text = {0};
    datum_write(&text, list);
    char **split = text_split(text_value(&text), &found);
    for (size_t i = 0; i < found; i++)
        held = held || (sought && strcmp(split[i], sought) == 0);
    *count = (int64_t)found;
    text_split_free(split);
    text_free(&text);
    return held;
}

static const char *call_count(const Datum *arguments, size_t count, Datum *out)
{
    (void)count;
    int64_t found;
    words(&arguments[0], NULL, &found);
    *out = datum_int(found);
    return NULL;
}

static const char *call_has(const Datum *arguments, size_t count, Datum *out)
{
    (void)count;
    int64_t found;
    Text word = {0};
    datum_write(&word, &arguments[1]);
    *out = datum_bool(words(&arguments[0], text_value(&word), &found));
    text_free(&word);
    return NULL;
}

/* Numbers alone: a word would need memory that outlives the call. */
static const char *call_item(const Datum *arguments, size_t count, Datum *out)
{
    size_t found;
    Text text = {0};
    Datum item = {.kind = DATUM_UNKNOWN};
    (void)count;
    datum_write(&text, &arguments[0]);
    char **split = text_split(text_value(&text), &found);
    bool placed = arguments[1].kind == DATUM_INT && arguments[1].whole >= 0 &&
                  (uint64_t)arguments[1].whole < found;
    if (placed)
        item = datum_read(split[arguments[1].whole]);
    item.text = NULL;
    text_split_free(split);
    text_free(&text);
    if (!placed)
        return "the list has no item of that number (they count from 0)";
    *out = item;
    return datum_is_number(out) ? NULL : "the item is no number";
}

const DatumFunction datum_functions[] = {
    {"min", 1, SIZE_MAX, call_min}, {"max", 1, SIZE_MAX, call_max}, {"abs", 1, 1, call_abs},
    {"floor", 1, 1, call_floor},    {"ceil", 1, 1, call_ceil},      {"round", 1, 1, call_round},
    {"log2", 1, 1, call_log2},      {"pow", 2, 2, call_pow},        {"count", 1, 1, call_count},
    {"has", 2, 2, call_has},        {"item", 2, 2, call_item},
};
const size_t datum_function_count = COUNT(datum_functions);
