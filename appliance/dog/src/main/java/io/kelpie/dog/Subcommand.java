package io.kelpie.dog;

import java.util.ArrayList;
import java.util.List;

/**
 * What a command line can name after {@code dog}: a command and a subcommand, with all that the
 * help texts and the option parser need.
 *
 * @param group the command, such as {@code vdi}
 * @param name the subcommand, such as {@code list}
 * @param options what it accepts, in the order of the usage text
 * @param nested names of deeper subcommands, each followed by its description; empty for most
 * @param operands operand text of the usage line, may be empty
 * @param description one line for the overview
 */
record Subcommand(
        String group,
        String name,
        List<Option> options,
        List<String> nested,
        String operands,
        String description) {

    /** Returns {@code vdi list}. */
    String fullName() {
        return group + " " + name;
    }

    /** Returns the usage text, which ends with a newline. */
    String usage() {
        StringBuilder text = new StringBuilder("Usage: dog ").append(fullName());
        if (!nested.isEmpty()) {
            text.append(' ').append(nestedChoice());
        }
        for (Option option : options) {
            text.append(" [-").append(option.letter());
            if (option.hasArgument()) {
                text.append(' ').append(option.name());
            }
            text.append(']');
        }
        if (!operands.isEmpty()) {
            text.append(' ').append(operands);
        }
        text.append('\n');
        appendNested(text);
        text.append("Options:\n");
        for (Option option : options) {
            String names = "-" + option.letter() + ", --" + option.name();
            text.append("  ").append(Columns.left(names, 24));
            text.append(option.description().replace("\n", "\n" + " ".repeat(26)))
                    .append('\n');
        }
        return text.toString();
    }

    private String nestedChoice() {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < nested.size(); i += 2) {
            names.add(nested.get(i));
        }
        return names.size() == 1 ? names.get(0) : "{" + String.join("|", names) + "}";
    }

    private void appendNested(StringBuilder text) {
        if (nested.isEmpty()) {
            return;
        }
        text.append("Available subcommands:\n");
        for (int i = 0; i < nested.size(); i += 2) {
            text.append("  ").append(Columns.left(nested.get(i), 24));
            text.append(nested.get(i + 1)).append('\n');
        }
    }
}
