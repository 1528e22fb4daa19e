/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The graph language, told to its users. Limits come from the modules that hold them. */
#include "expand.h"
#include "expression.h"
#include "language.h"

#define AS_WRITTEN(value) #value
#define NUMBER(value) AS_WRITTEN(value)

static const LanguageEntry graphs[] = {
    {"<graph xmlns=\"" FORNIX_NAMESPACE "\" name=\"first\">...</graph>",
     "A graph file is UTF-8 XML with this root, or <nets ...> for a file that is only included. "
     "There are two levels. The elements in the root are the outer graph: nodes that pass tables "
     "of samples to one another, among them the stages <train>, <apply>, <generate> and <filter>. "
     "A stage has a body: the inner graph of tensors, one batch at a time. Nodes may stand in any "
     "order: what reads what follows from references."},
    {"id, if, doc, acknowledge",
     "These attributes mean the same on every element: id names it, if=\"expression\" drops it "
     "unless true, doc is for the reader, acknowledge says why a slight deviation from what a "
     "protocol demands is accepted; it then stands as a red line in the report."},
    {0}};

static const LanguageEntry params[] = {
    {"<param name=\"fold\" type=\"int\" value=\"0\" range=\"0 4\" doc=\"...\"/>",
     "A setting, directly in the root. type is int, real, bool (true or false, yes or no), text, "
     "list (words), choice (one word of of=) or path. range=\"low high\" bounds an int or real, "
     "both ends included; of=\"a b c\" names the words of a choice or list. The value may use "
     "params above it. Without a value, one must be given: -p name=value gives another value to a "
     "param of the main file, and is checked alike. A path is relative to the file that says it "
     "(to the working directory in -p) and becomes absolute. A param that nothing refers to is a "
     "mistake."},
    {"<include href=\"nets/unet.xml\" levels=\"4\"/>",
     "Everything in another file, in this place; href is relative to this file. The other "
     "attributes are values for that file's params, which are its own: names here mean nothing "
     "there and the reverse. prefix=\"a_\" goes before the ids of what comes in; as=\"name\" "
     "renames the one element that comes in. So one file can come in twice."},
    {"<for name=\"k\" in=\"a b c\">...</for>",
     "Its content once for each value, with ${k} bound; in=\"0..3\" counts up or down, ends "
     "included; in=\"${arms}\" takes a list. Loops nest, and stand anywhere."},
    {"<choose on=\"${arm}\"> <when is=\"a b\">...</when> <otherwise>...</otherwise> </choose>",
     "The content of the first <when> that lists the value, or of <otherwise>. With an id, each "
     "branch holds one element, which takes that id. A word that on= can never be is a mistake, "
     "and so is a value that no branch takes."},
    {0}};

static const LanguageEntry expressions[] = {
    {"${expression}",
     "In any value, it is replaced by what the expression gives; several in one value are fine: "
     "x=\"enc${k-1}/out\". $${ stands for a plain ${, where what follows is no name."},
    {"or  and  not  = != < <= > >=  + -  * / %  ^",
     "The operators, the weakest first. Whole numbers stay whole, and a division that leaves no "
     "rest gives one: 8/2 is 4, 7/2 is 3.5. = and != compare numbers as numbers, anything else as "
     "it is written; < and its kin only numbers. 'and' and 'or' do not compute their right side "
     "where the left decides, but names in it must exist."},
    {"min max abs floor ceil round log2 pow count has item",
     "The functions: min and max of one number or more; floor, ceil and round give whole numbers; "
     "pow(a, b); for lists of words count(list) and has(list, word), and item(list, k), which is "
     "number k, "
     "from 0, of a list of numbers."},
    {"${arm} = smote",
     "A bare word that names nothing is text only across from something that varies, so that this "
     "reads as it should; anywhere else it is an unknown name, and 'text' in quotes is text. "
     "Across from a name whose possible values are known, a word that is none of them is a "
     "mistake: the comparison could never hold."},
    {0}};

static const LanguageEntry references[] = {
    {NULL, "An id is a letter or '_', then letters, digits, '_', '-', unique among the elements of "
           "one parent. A node is connected by naming others in the attributes that are its input "
           "ports: samples=\"cohort\", or x=\"a b\" where a port takes several."},
    {"classify[none]  classify[*]",
     "Inside a loop that stands between an element and its parent, id=\"classify\" becomes "
     "classify[value] (in nested loops x[outer][inner]) unless the id itself refers to the loop's "
     "variable, as in id=\"enc${k}\". References go from the inside outwards: in the loop, "
     "classify is this round's; outside, classify[none] names one and classify[*] all of them."},
    {"u/logits", "'/' enters a used net or a composite: any node in it can be read by its path."},
    {"a.image", "'.' names an output port; a bare id means the first one."},
    {"batch.image  row.label",
     "In a body, batch. names a column of the stage's samples; in <generate>, row.label is the "
     "label that was drawn."},
    {NULL, "A reference to an element that its if= dropped counts as not written where the node "
           "allows that."},
    {0}};

static const LanguageEntry limits[] = {
    {NULL,
     "So that no file can exhaust the machine: " NUMBER(SOURCE_MIB) " MiB a file, " NUMBER(XML_DEPTH) " levels, " NUMBER(EXPAND_INCLUDES) " includes deep, " NUMBER(
         EXPAND_ROUNDS) " loops deep, " NUMBER(EXPAND_PARAMS) " params a file, " NUMBER(EXPAND_ELEMENTS) " expanded elements, " NUMBER(EXPRESSION_MIB) " MiB a value."},
    {0}};

const LanguageSection language_sections[] = {
    {"Graphs", graphs},          {"Params, includes, loops", params},
    {"Arithmetic", expressions}, {"References", references},
    {"Limits", limits},          {NULL, NULL}};
