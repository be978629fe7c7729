/* CPU per evaluation of Apache KIE's DMN engine: strict, its interpreter, types checked.
 *
 *     KieBench DIRECTORY WARM_MS RUN_MS NAME...
 *
 * Each NAME is DIRECTORY/NAME.dmn with the facts of NAME.facts beside it: a line per evaluation,
 * `input TYPE value` separated by tabs, and at its end `=` and what comes out. Prints a line of
 * JSON per model. The time is the thread's own: what the compiler and the collector spend on other
 * threads is left out, in favour of KIE. */

import java.io.File;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import org.kie.dmn.api.core.DMNContext;
import org.kie.dmn.api.core.DMNModel;
import org.kie.dmn.api.core.DMNResult;
import org.kie.dmn.api.core.DMNRuntime;
import org.kie.dmn.core.compiler.RuntimeTypeCheckOption;
import org.kie.dmn.core.internal.utils.DMNRuntimeBuilder;
import org.kie.internal.io.ResourceFactory;

public class KieBench {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private record Facts(String[] names, Object[] values, String expected) {}

    private static Object value(String type, String text) {
        return switch (type) {
            case "number" -> new BigDecimal(text);
            case "date" -> LocalDate.parse(text);
            default -> text;
        };
    }

    private static List<Facts> facts(Path file) throws Exception {
        List<Facts> all = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            String[] parts = line.split("\t");
            int inputs = (parts.length - 2) / 3;
            String[] names = new String[inputs];
            Object[] values = new Object[inputs];
            for (int i = 0; i < inputs; i++) {
                names[i] = parts[3 * i];
                values[i] = value(parts[3 * i + 1], parts[3 * i + 2]);
            }
            all.add(new Facts(names, values, parts[parts.length - 1]));
        }
        return all;
    }

    private static Object evaluate(DMNRuntime runtime, DMNModel model, String decision, Facts facts) {
        DMNContext context = runtime.newContext();
        for (int i = 0; i < facts.names.length; i++) context.set(facts.names[i], facts.values[i]);
        DMNResult result = runtime.evaluateByName(model, context, decision);
        return result.getDecisionResultByName(decision).getResult();
    }

    private static void check(Object got, Facts facts, String name) {
        if (!(got instanceof BigDecimal number) || number.compareTo(new BigDecimal(facts.expected)) != 0)
            throw new IllegalStateException(name + ": " + got + " instead of " + facts.expected);
    }

    /* Microseconds per evaluation over at least `ms` of this thread's time. */
    private static double spend(DMNRuntime runtime, DMNModel model, String decision, List<Facts> all, long ms) {
        long start = THREADS.getCurrentThreadCpuTime(), spent;
        int count = 0;
        do {
            evaluate(runtime, model, decision, all.get(count % all.size()));
            spent = THREADS.getCurrentThreadCpuTime() - start;
            count++;
        } while (spent < ms * 1_000_000);
        return spent / 1e3 / count;
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("org.kie.dmn.strictConformance", "true");
        for (int i = 3; i < args.length; i++) {
            File file = new File(args[0], args[i] + ".dmn");
            List<Facts> all = facts(Path.of(args[0], args[i] + ".facts"));
            long start = THREADS.getCurrentThreadCpuTime();
            DMNRuntime runtime = DMNRuntimeBuilder.fromDefaults()
                    .setOption(new RuntimeTypeCheckOption(true)).buildConfiguration()
                    .fromResources(List.of(ResourceFactory.newFileResource(file)))
                    .getOrElseThrow(RuntimeException::new);
            double loadMs = (THREADS.getCurrentThreadCpuTime() - start) / 1e6;
            DMNModel model = runtime.getModels().get(0);
            String decision = all.get(0).names.length == 8 ? "t3" : "fee";
            for (Facts facts : all.subList(0, Math.min(8, all.size())))
                check(evaluate(runtime, model, decision, facts), facts, args[i]);
            spend(runtime, model, decision, all, Long.parseLong(args[1]));
            double us = spend(runtime, model, decision, all, Long.parseLong(args[2]));
            System.out.printf("{\"model\": \"%s\", \"us\": %.3f, \"load_ms\": %.1f}%n", args[i], us, loadMs);
            System.out.flush();
        }
    }
}
