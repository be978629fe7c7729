/* CPU per evaluation of Apache KIE's DMN engine: strict, its interpreter, types checked.
 *
 *     KieBench DIRECTORY WARM_MS RUN_MS NAME...
 *
 * Each NAME is DIRECTORY/NAME.dmn with the facts of NAME.facts beside it: a line per evaluation, a
 * FEEL context, the decision, a member of its result or nothing, and what that has to be. Prints a line of
 * JSON per model. The time is the thread's own: what the compiler and the collector spend on other
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

    private record Facts(Map<String, Object> input, String decision, String member, String expected) {}

    private static List<Facts> facts(Path file) throws Exception {
        FEEL feel = FEELBuilder.builder().build();
        List<Facts> all = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            String[] parts = line.split("\t", -1);
            @SuppressWarnings("unchecked")
            Map<String, Object> input = (Map<String, Object>) feel.evaluate(parts[0]);
            all.add(new Facts(input, parts[1], parts[2], parts[3]));
        }
        return all;
    }

    private static Object evaluate(DMNRuntime runtime, DMNModel model, Facts facts) {
        DMNContext context = runtime.newContext();
        facts.input.forEach(context::set);
        DMNResult result = runtime.evaluateByName(model, context, facts.decision);
        return result.getDecisionResultByName(facts.decision).getResult();
    }

    private static void check(Object got, Facts facts, String name) {
        if (!facts.member.isEmpty() && got instanceof Map<?, ?> context) got = context.get(facts.member);
        if (got instanceof BigDecimal number) got = number.stripTrailingZeros().toPlainString();
        if (!facts.expected.equals(got))
            throw new IllegalStateException(name + ": " + got + " instead of " + facts.expected);
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
        for (Facts facts : all.subList(0, Math.min(8, all.size())))
            check(evaluate(runtime, model, facts), facts, name);
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
