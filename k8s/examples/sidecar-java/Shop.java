import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

public class Shop {
    private static final Path TOKEN = Path.of("/var/run/wx/token");

    /** Opened anew for each call: it is a file in memory, and whole whenever it is there. */
    static String accessToken() throws IOException {
        return Files.readString(TOKEN);
    }

    public static void main(String[] arguments) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(8080), 0);
        server.createContext("/", exchange -> {
            String said = "a token of " + accessToken().length() + " characters\n";
            byte[] body = said.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }
}
