package io.kelpie.node;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_THROW_GENERIC_EXCEPTIONS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.core.importer.Locations;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * The structure that reviews would otherwise have to watch: who may see whom, and what the core
 * must not touch. Caught {@link Throwable}s are not here but in Checkstyle: in byte code every
 * try-with-resources has one.
 */
final class ArchitectureTest {
    /** Packages of the core; each may use itself and those before it. */
    private static final List<String> CORE_ORDER = List.of(
            "model",
            "port",
            "message",
            "placement",
            "event",
            "membership",
            "replication",
            "recovery",
            "gateway",
            "vdi",
            "volume",
            "engine");

    /**
     * Packages of the daemon that all its other packages may use, those first in the list not the
     * later ones.
     */
    private static final List<String> NODE_FOUNDATION = List.of("config", "runtime");

    /** Modules that are not on this module's class path; a full build has compiled them before. */
    private static final List<String> OTHER_MODULES = List.of("simulator", "dog");

    private static final String CORE = "io.kelpie.cluster..";

    /** Reads the world, or differs between two runs. */
    private static final Set<String> IMPURE_METHODS = Set.of(
            "java.lang.System.nanoTime",
            "java.lang.System.currentTimeMillis",
            "java.lang.System.identityHashCode",
            "java.lang.System.getenv",
            "java.lang.System.getProperty",
            "java.lang.Math.random",
            "java.lang.StrictMath.random",
            "java.util.UUID.randomUUID",
            "java.util.Collections.shuffle",
            "java.util.Collection.parallelStream",
            "java.util.List.parallelStream",
            "java.util.stream.Stream.parallel");

    /** Makes a collection whose order changes from one start of the JVM to the next. */
    private static final Set<String> UNORDERED_METHODS = Set.of(
            "java.util.Set.of",
            "java.util.Set.copyOf",
            "java.util.Map.of",
            "java.util.Map.ofEntries",
            "java.util.Map.copyOf",
            "java.util.stream.Collectors.toSet",
            "java.util.stream.Collectors.toUnmodifiableSet",
            "java.util.stream.Collectors.toMap",
            "java.util.stream.Collectors.toUnmodifiableMap",
            "java.util.stream.Collectors.groupingBy");

    private static JavaClasses kelpie;

    @BeforeAll
    static void importClasses() {
        Set<Location> locations = new LinkedHashSet<>(Locations.ofPackage("io.kelpie"));
        OTHER_MODULES.stream()
                .map(ArchitectureTest::classesOf)
                .filter(Files::isDirectory)
                .forEach(directory -> locations.add(Location.of(directory)));

        kelpie = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .withImportOption(location -> !location.contains("-tests.jar"))
                .importLocations(locations);
    }

    @Test
    @Tag("e2e")
    void fullBuildShowsEveryModuleToTheseRules() {
        for (String root :
                List.of("cluster", "wire", "store", "nbd", "fuse", "node", "simulator", "dog")) {
            assertThat(kelpie.stream())
                    .anyMatch(type -> type.getPackageName().startsWith("io.kelpie." + root));
        }
    }

    @Test
    void noPackagesFormCycle() {
        check(slices().matching("io.kelpie.(**)").should().beFreeOfCycles());
    }

    @Test
    void coreHasOnlyTheListedPackages() {
        String[] listed = CORE_ORDER.stream().map(ArchitectureTest::core).toArray(String[]::new);

        check(classes().that().resideInAPackage(CORE).should().resideInAnyPackage(listed));
    }

    @Test
    void corePackageUsesOnlyPackagesBeforeIt() {
        for (int i = 0; i < CORE_ORDER.size() - 1; i++) {
            String[] later = CORE_ORDER.subList(i + 1, CORE_ORDER.size()).stream()
                    .map(ArchitectureTest::core)
                    .toArray(String[]::new);

            check(noClasses()
                    .that()
                    .resideInAPackage(core(CORE_ORDER.get(i)))
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(later));
        }
    }

    @Test
    void coreNeedsNothingButTheJdk() {
        check(classes()
                .that()
                .resideInAPackage(CORE)
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(CORE, "java..", "org.jspecify.annotations.."));
    }

    @Test
    void coreHasNoFileSocketThreadOrLog() {
        check(noClasses()
                .that()
                .resideInAPackage(CORE)
                .should()
                .dependOnClassesThat(in("java.io..")
                        .or(in("java.net.."))
                        .or(in("java.nio.channels.."))
                        .or(in("java.nio.file.."))
                        .or(in("java.util.concurrent.."))
                        .or(in("java.util.logging.."))
                        .or(in("java.time.."))
                        .or(in("java.security.."))
                        .or(any(
                                Thread.class,
                                ThreadLocal.class,
                                Runtime.class,
                                ProcessBuilder.class))
                        .or(any(Random.class, SplittableRandom.class, java.util.Timer.class))));
    }

    @Test
    void coreReadsNoClockAndNoChance() {
        check(noClasses().that().resideInAPackage(CORE).should(use(IMPURE_METHODS)));
    }

    @Test
    void coreIteratesOnlyOrderedCollections() {
        check(noClasses()
                .that()
                .resideInAPackage(CORE)
                .should()
                .dependOnClassesThat(any(
                        HashMap.class, HashSet.class, IdentityHashMap.class, WeakHashMap.class)));
        check(noClasses().that().resideInAPackage(CORE).should(use(UNORDERED_METHODS)));
    }

    @Test
    void librariesKnowNothingOfOurs() {
        for (String library : List.of("io.kelpie.store..", "io.kelpie.nbd..", "io.kelpie.fuse..")) {
            check(noClasses()
                    .that()
                    .resideInAPackage(library)
                    .should()
                    .dependOnClassesThat(
                            in("io.kelpie..").and(DescribedPredicate.not(in(library)))));
        }
    }

    @Test
    void packagesOfTheDaemonDoNotSeeEachOther() {
        check(classes()
                .that()
                .resideInAPackage("io.kelpie.node.(*)..")
                .should(seeOnlyTheirOwnPackageAndTheFoundation()));
    }

    @Test
    void eachThirdPartyHasOneHome() {
        hasHome(in("org.rocksdb.."), in("io.kelpie.store.."));
        hasHome(in("net.openhft.."), in("io.kelpie.store.format.."));
        hasHome(in("jnr..").or(in("ru.serce..")).or(in("com.kenai..")), in("io.kelpie.fuse.."));
        hasHome(
                in("org.apache.curator..").or(in("org.apache.zookeeper..")),
                in("io.kelpie.node.coordinator.."));
        hasHome(
                in("com.sun.net.httpserver..")
                        .or(in("io.javalin.."))
                        .or(in("io.micrometer.."))
                        .or(in("com.fasterxml..")),
                in("io.kelpie.node.http.."));
        hasHome(
                in("io.netty.."),
                in("io.kelpie.nbd..")
                        .or(in("io.kelpie.wire.."))
                        .or(in("io.kelpie.dog.."))
                        .or(in("io.kelpie.simulator.."))
                        .or(in("io.kelpie.node"))
                        .or(in("io.kelpie.node.runtime.."))
                        .or(in("io.kelpie.node.peer.."))
                        .or(in("io.kelpie.node.store.."))
                        .or(in("io.kelpie.node.sheep.."))
                        .or(in("io.kelpie.node.export..")));
        hasHome(
                in("io.netty.channel..")
                        .or(in("io.netty.handler.codec.."))
                        .or(in("io.netty.bootstrap..")),
                in("io.kelpie.nbd")
                        .or(in("io.kelpie.wire.frame.."))
                        .or(in("io.kelpie.node.runtime.."))
                        .or(in("io.kelpie.node.peer.."))
                        .or(in("io.kelpie.node.sheep..")));
        hasHome(
                in("picocli.."),
                in("io.kelpie.dog..")
                        .or(describe("SheepCommand", ArchitectureTest::isSheepCommand))
                        .or(describe(
                                "the simulator's commands",
                                type -> type.getName()
                                                .startsWith("io.kelpie.simulator.SimulatorMain")
                                        || type.getName()
                                                .startsWith(
                                                        "io.kelpie.simulator.ClusterCommands"))));
        hasHome(in("ch.qos.logback.."), in("io.kelpie.node").or(in("io.kelpie.node.trace..")));
        check(noClasses()
                .that()
                .resideInAnyPackage("io.kelpie.wire..", "io.kelpie.dog..")
                .should()
                .dependOnClassesThat(in("org.slf4j..")));
    }

    @Test
    void exceptionsHaveNames() {
        check(NO_CLASSES_SHOULD_THROW_GENERIC_EXCEPTIONS);
    }

    @Test
    void staticsDoNotChange() {
        check(fields().that().areStatic().should().beFinal());
        check(noFields()
                .that()
                .areStatic()
                .should()
                .haveRawType(in("java.util.concurrent.atomic..")
                        .or(describe(
                                "a map for several threads",
                                type -> type.isAssignableTo(ConcurrentMap.class)))));
    }

    private static void check(ArchRule rule) {
        // A package that is not written yet breaks no rule.
        rule.allowEmptyShould(true).check(kelpie);
    }

    private static void hasHome(
            DescribedPredicate<JavaClass> thirdParty, DescribedPredicate<JavaClass> home) {
        check(noClasses()
                .that(DescribedPredicate.not(home))
                .should()
                .dependOnClassesThat(thirdParty));
    }

    private static Path classesOf(String module) {
        return Path.of("..", module, "target", "classes");
    }

    private static String core(String name) {
        return "io.kelpie.cluster." + name + "..";
    }

    private static DescribedPredicate<JavaClass> in(String packages) {
        return JavaClass.Predicates.resideInAPackage(packages);
    }

    private static DescribedPredicate<JavaClass> any(Class<?>... types) {
        return JavaClass.Predicates.belongToAnyOf(types);
    }

    private static boolean isSheepCommand(JavaClass type) {
        return type.getName().startsWith("io.kelpie.node.SheepCommand")
                || type.getName().startsWith("io.kelpie.node.config.SheepCommand");
    }

    /** Calls and method references alike. */
    private static ArchCondition<JavaClass> use(Set<String> methods) {
        return new ArchCondition<>("use one of " + methods) {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                type.getCodeUnitAccessesFromSelf().stream()
                        .filter(access ->
                                methods.contains(access.getTargetOwner().getName()
                                        + "."
                                        + access.getTarget().getName()))
                        .forEach(access -> events.add(
                                SimpleConditionEvent.satisfied(type, access.getDescription())));
            }
        };
    }

    private static ArchCondition<JavaClass> seeOnlyTheirOwnPackageAndTheFoundation() {
        return new ArchCondition<>("see only their own package and " + NODE_FOUNDATION) {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                    if (!maySee(type, dependency.getTargetClass())) {
                        events.add(
                                SimpleConditionEvent.violated(type, dependency.getDescription()));
                    }
                }
            }
        };
    }

    private static boolean maySee(JavaClass type, JavaClass target) {
        String from = partOfNode(type);
        String to = partOfNode(target);
        if (from.equals(to) || !target.getPackageName().startsWith("io.kelpie.node")) {
            return true;
        }
        int foundation = NODE_FOUNDATION.indexOf(to);
        boolean isBelow = NODE_FOUNDATION.contains(from)
                ? foundation < NODE_FOUNDATION.indexOf(from)
                : foundation >= 0;
        return foundation >= 0 && isBelow;
    }

    /**
     * The package below {@code io.kelpie.node}, empty for the root and for what is not of the
     * daemon.
     */
    private static String partOfNode(JavaClass type) {
        String prefix = "io.kelpie.node.";
        String name = type.getPackageName();
        if (!name.startsWith(prefix)) {
            return "";
        }
        int dot = name.indexOf('.', prefix.length());
        return dot < 0 ? name.substring(prefix.length()) : name.substring(prefix.length(), dot);
    }
}
