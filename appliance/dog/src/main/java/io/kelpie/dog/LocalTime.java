package io.kelpie.dog;

import java.util.TimeZone;

/**
 * A time of day and date in the local zone, printed as {@code dog} prints it. Written out because
 * loading {@code java.time} takes longer than most commands run.
 */
final class LocalTime {
    private static final String[] MONTHS = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
    };
    private static final String[] WEEKDAYS = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    private static final int DAY_SECONDS = 86_400;

    private final long year;
    private final int month;
    private final int day;
    private final int weekday;
    private final int secondOfDay;

    /**
     * Splits a moment into its fields.
     *
     * @param seconds Unix seconds
     * @param zone where it is read
     */
    LocalTime(long seconds, TimeZone zone) {
        long local = seconds + zone.getOffset(seconds * 1000) / 1000;
        long days = Math.floorDiv(local, (long) DAY_SECONDS);
        secondOfDay = (int) Math.floorMod(local, (long) DAY_SECONDS);
        weekday = (int) Math.floorMod(days, (long) WEEKDAYS.length);
        // Gregorian calendar with years that start on 1 March, so that the leap day is the last
        // one.
        long shifted = days + 719_468;
        long era = Math.floorDiv(shifted, 146_097L);
        long dayOfEra = Math.floorMod(shifted, 146_097L);
        long yearOfEra =
                (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        long dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        int shiftedMonth = (int) ((5 * dayOfYear + 2) / 153);
        day = (int) (dayOfYear - (153L * shiftedMonth + 2) / 5) + 1;
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
    }

    /** Returns {@code 2026-11-22 13:48}. */
    String minutes() {
        return year + "-" + two(month) + "-" + two(day) + " " + two(hour()) + ":" + two(minute());
    }

    /** Returns {@code 2026-11-22 13:48:00}. */
    String seconds() {
        return minutes() + ":" + two(second());
    }

    /** Returns {@code Sun Nov 22 13:48:00 2026}. */
    String ctime() {
        return WEEKDAYS[weekday] + " " + MONTHS[month - 1] + " " + Columns.right(day, 2) + " "
                + clock() + " " + year;
    }

    /** Returns {@code 2026 Nov 22 13:48:00}. */
    String logTime() {
        return year + " " + MONTHS[month - 1] + " " + two(day) + " " + clock();
    }

    private String clock() {
        return two(hour()) + ":" + two(minute()) + ":" + two(second());
    }

    private int hour() {
        return secondOfDay / 3600;
    }

    private int minute() {
        return secondOfDay / 60 % 60;
    }

    private int second() {
        return secondOfDay % 60;
    }

    private static String two(int number) {
        return number < 10 ? "0" + number : Integer.toString(number);
    }
}
