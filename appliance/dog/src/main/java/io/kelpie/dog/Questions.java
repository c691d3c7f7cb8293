package io.kelpie.dog;

/** The questions asked before something is lost; their layout is what scripts compare with. */
final class Questions {
    /** The question itself, without a newline. */
    static final String SURE = "Are you sure you want to continue? [yes/no]: ";

    private Questions() {}

    /** Returns the question under a picture with one line of warning. */
    static String withPicture(String warning) {
        return "    __\n   ()'`;\n   /\\|`\n  /  |   " + warning + "\n(/_)_|_  " + SURE;
    }
}
