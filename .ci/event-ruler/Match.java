import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import software.amazon.event.ruler.Machine;

/** Standard input: a pattern in the first line, an event in each further one. Standard output: whether each matches. */
public class Match {
    public static void main(String[] arguments) throws Exception {
        ObjectMapper json = new ObjectMapper();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        // As EventBridge does since it reaches into arrays: fields of different elements make no match.
        Machine machine = new Machine();
        machine.addRule("rule", lines.readLine());
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonNode event = json.readTree(line);
            System.out.println(!machine.rulesForJSONEvent(event.toString()).isEmpty());
        }
    }
}
