package io.kelpie.dog;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * GNU {@code getopt_long}, as scripts know it: options and operands in any order, bundled short
 * options, attached or separate arguments, unique prefixes of long options, {@code --}, options
 * handed out one by one in the order typed, and glibc's error texts.
 *
 * <p>Not picocli, which reads the command line elsewhere in Kelpie: it collects all errors before
 * the first option acts, words them differently and abbreviates differently, so scripts would see
 * another program. It also adds some 0.13 s to the start (two options, class path only, best of
 * nine on two busy cores), more than all of {@code dog node list} takes.
 *
 * <p>Usage: call {@link #next} until it returns {@link #END}, then read {@link #operands}.
 */
final class GetOpt {
    /** No options are left. */
    static final char END = '\0';

    /** The option is wrong; {@link #error} says why. */
    static final char WRONG = '?';

    private final String program;
    private final List<Option> options;
    private final List<String> words;
    private final List<String> operands = new ArrayList<>();
    private int nextWord;
    private String bundle = ""; // Short options of the current word not handed out yet.
    private @Nullable String argument;
    private @Nullable String error;

    /**
     * Starts a run over the words of a command line.
     *
     * @param program name in front of error texts
     * @param options what is accepted
     * @param words the command line behind the subcommand
     */
    GetOpt(String program, List<Option> options, List<String> words) {
        this.program = program;
        this.options = options;
        this.words = words;
    }

    /** Returns the letter of the next option, {@link #WRONG} or {@link #END}. */
    char next() {
        argument = null;
        while (bundle.isEmpty() && nextWord < words.size()) {
            String word = words.get(nextWord++);
            if (word.equals("--")) {
                operands.addAll(words.subList(nextWord, words.size()));
                nextWord = words.size();
            } else if (word.startsWith("--")) {
                return longOption(word.substring(2));
            } else if (word.startsWith("-") && word.length() > 1) {
                bundle = word.substring(1);
            } else {
                operands.add(word);
            }
        }
        return bundle.isEmpty() ? END : shortOption();
    }

    /** Returns the argument of the option handed out last; empty if it takes none. */
    String argument() {
        return argument == null ? "" : argument;
    }

    /** Returns why the last option was {@link #WRONG}. */
    String error() {
        return program + ": " + error;
    }

    /** Returns the words that are no options, in order; complete after {@link #END}. */
    List<String> operands() {
        return operands;
    }

    private char shortOption() {
        char letter = bundle.charAt(0);
        bundle = bundle.substring(1);
        for (Option option : options) {
            if (option.letter() == letter) {
                return option.hasArgument() ? shortArgument(option) : letter;
            }
        }
        return wrong("invalid option -- '" + letter + "'");
    }

    private char shortArgument(Option option) {
        if (!bundle.isEmpty()) {
            argument = bundle;
            bundle = "";
        } else if (nextWord < words.size()) {
            argument = words.get(nextWord++);
        } else {
            return wrong("option requires an argument -- '" + option.letter() + "'");
        }
        return option.letter();
    }

    private char longOption(String word) {
        int equals = word.indexOf('=');
        String name = equals < 0 ? word : word.substring(0, equals);
        List<Option> matches = matches(name);
        if (matches.isEmpty()) {
            return wrong("unrecognized option '--" + name + "'");
        }
        if (matches.size() > 1) {
            StringBuilder names = new StringBuilder();
            for (Option match : matches) {
                names.append(" '--").append(match.name()).append('\'');
            }
            return wrong("option '--" + word + "' is ambiguous; possibilities:" + names);
        }
        return longArgument(matches.get(0), equals < 0 ? null : word.substring(equals + 1));
    }

    private char longArgument(Option option, @Nullable String attached) {
        if (!option.hasArgument() && attached != null) {
            return wrong("option '--" + option.name() + "' doesn't allow an argument");
        }
        argument = attached;
        if (option.hasArgument() && attached == null) {
            if (nextWord == words.size()) {
                return wrong("option '--" + option.name() + "' requires an argument");
            }
            argument = words.get(nextWord++);
        }
        return option.letter();
    }

    private List<Option> matches(String name) {
        List<Option> matches = new ArrayList<>();
        for (Option option : options) {
            if (option.name().equals(name)) {
                return List.of(option);
            }
            if (option.name().startsWith(name)) {
                matches.add(option);
            }
        }
        return matches;
    }

    private char wrong(String why) {
        error = why;
        return WRONG;
    }
}
