/* CPU per evaluation of Apache KIE's DMN engine: strict, its interpreter, types checked.
 *
 *     KieBench DIRECTORY WARM_MS RUN_MS NAME...
 *
 * Each NAME is DIRECTORY/NAME.dmn with the facts of NAME.facts beside it: a line per evaluation, a
 * FEEL context, the decision and what it has to come to, in FEEL. Those of NAME.cases, where there is
 * one, are judged too but not measured. Prints a line of JSON per model. The time is the thread's own: what the compiler and the collector spend on other
 * threads is left out, in favour of KIE. */

import java.io.File;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.kie.dmn.api.core.DMNContext;
import org.kie.dmn.api.core.DMNModel;
import org.kie.dmn.api.core.DMNResult;
import org.kie.dmn.api.core.DMNRuntime;
import org.kie.dmn.core.compiler.RuntimeTypeCheckOption;
import org.kie.dmn.core.internal.utils.DMNRuntimeBuilder;
import org.kie.dmn.feel.FEEL;
import org.kie.dmn.feel.lang.impl.FEELBuilder;
import org.kie.internal.io.ResourceFactory;

public class KieBench {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private record Facts(Map<String, Object> input, String decision, Object expected) {}

    private static List<Facts> facts(Path file) throws Exception {
        FEEL feel = FEELBuilder.builder().build();
        List<Facts> all = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            String[] parts = line.split("\t", -1);
            @SuppressWarnings("unchecked")
            Map<String, Object> input = (Map<String, Object>) feel.evaluate(parts[0]);
            all.add(new Facts(input, parts[1], plain(feel.evaluate(parts[2]))));
        }
        return all;
    }

    private static Object evaluate(DMNRuntime runtime, DMNModel model, Facts facts) {
        DMNContext context = runtime.newContext();
        facts.input.forEach(context::set);
        DMNResult result = runtime.evaluateByName(model, context, facts.decision);
        return result.getDecisionResultByName(facts.decision).getResult();
    }

    /* A value with its numbers in one form, so that equal ones are equal to Java. */
    private static Object plain(Object value) {
        if (value instanceof BigDecimal number) return number.stripTrailingZeros().toPlainString();
        if (value instanceof List<?> list) return list.stream().map(KieBench::plain).toList();
        if (!(value instanceof Map<?, ?> context)) return value;
        Map<Object, Object> result = new TreeMap<>();
        context.forEach((name, member) -> result.put(name, plain(member)));
        return result;
    }

    private static void check(DMNRuntime runtime, DMNModel model, List<Facts> all) {
        for (Facts facts : all) {
            Object got = plain(evaluate(runtime, model, facts));
            if (!Objects.equals(facts.expected, got))
                throw new IllegalStateException(got + " instead of " + facts.expected + " for " + facts.input);
        }
    }

    /* Microseconds per evaluation over at least `ms` of this thread's time. */
    private static double spend(DMNRuntime runtime, DMNModel model, List<Facts> all, long ms) {
        long start = THREADS.getCurrentThreadCpuTime(), spent;
        int count = 0;
        do {
            evaluate(runtime, model, all.get(count % all.size()));
            spent = THREADS.getCurrentThreadCpuTime() - start;
            count++;
        } while (spent < ms * 1_000_000);
        return spent / 1e3 / count;
    }

    private static void run(String directory, String name, long warmMs, long runMs) throws Exception {
        List<Facts> all = facts(Path.of(directory, name + ".facts"));
        long start = THREADS.getCurrentThreadCpuTime();
        DMNRuntime runtime = DMNRuntimeBuilder.fromDefaults()
                .setOption(new RuntimeTypeCheckOption(true)).buildConfiguration()
                .fromResources(List.of(ResourceFactory.newFileResource(new File(directory, name + ".dmn"))))
                .getOrElseThrow(RuntimeException::new);
        double loadMs = (THREADS.getCurrentThreadCpuTime() - start) / 1e6;
        DMNModel model = runtime.getModels().get(0);
        Path cases = Path.of(directory, name + ".cases");
        check(runtime, model, all.subList(0, Math.min(8, all.size())));
        if (Files.exists(cases)) check(runtime, model, facts(cases));
        spend(runtime, model, all, warmMs);
        System.out.printf("{\"model\": \"%s\", \"us\": %.3f, \"load_ms\": %.1f}%n", name,
                spend(runtime, model, all, runMs), loadMs);
    }

    /* A model that KIE does not take, or judges otherwise, is told with the reason. */
    public static void main(String[] args) throws Exception {
        System.setProperty("org.kie.dmn.strictConformance", "true");
        for (int i = 3; i < args.length; i++) {
            try {
                run(args[0], args[i], Long.parseLong(args[1]), Long.parseLong(args[2]));
            } catch (RuntimeException problem) {
                String why = String.valueOf(problem.getMessage()).replaceAll("[^ -~]|[\"\\\\]", " ");
                System.out.printf("{\"model\": \"%s\", \"why\": \"%s\"}%n", args[i], why);
            }
            System.out.flush();
        }
    }
}
