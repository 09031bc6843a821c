import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * java Reader.java FILE BASE_URL ROTATIONS
 *
 * <p>Calls WeChat again and again with the token in FILE, until it has used ROTATIONS tokens more than the first one.
 */
public class Reader {
    public static void main(String[] arguments) throws Exception {
        Path file = Path.of(arguments[0]);
        int rotations = Integer.parseInt(arguments[2]);
        HttpClient client = HttpClient.newHttpClient();
        Set<String> used = new HashSet<>();
        String token = "";
        int calls = 0;
        int refused = 0;

        while (used.size() <= rotations) {
            token = read(file, token);
            if (!token.isEmpty()) {
                String query = "access_token=" + URLEncoder.encode(token, StandardCharsets.UTF_8);
                URI address = URI.create(arguments[1] + "/cgi-bin/getcallbackip?" + query);
                String answer = client.send(HttpRequest.newBuilder(address).build(), BodyHandlers.ofString()).body();
                calls += 1;
                refused += answer.contains("\"ip_list\"") ? 0 : 1;
                used.add(token);
            }
            Thread.sleep(20);
        }
        System.out.printf("{\"calls\":%d,\"refused\":%d,\"tokens\":%d}%n", calls, refused, used.size());
    }

    /** Read before each call. What is missing or empty never replaces the last good value. */
    private static String read(Path file, String lastGood) {
        try {
            String token = Files.readString(file);
            return token.isEmpty() ? lastGood : token;
        } catch (IOException missing) {
            return lastGood;
        }
    }
}
