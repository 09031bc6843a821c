import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.Properties;

/**
 * java Read.java COUNT
 *
 * <p>Loads 0.properties, 1.properties … of the current folder, as Latin-1 and as UTF-8, and prints a line for each:
 * its keys with their values in base64, between blanks.
 */
public class Read {
    public static void main(String[] arguments) throws IOException {
        for (int i = 0; i < Integer.parseInt(arguments[0]); i += 1) {
            Path file = Path.of(i + ".properties");
            Properties properties = new Properties();
            try (InputStream stream = Files.newInputStream(file)) {
                properties.load(stream);
            }
            Properties again = new Properties();
            try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
                again.load(reader);
            }
            if (!again.equals(properties)) throw new IllegalStateException(file + " depends on the encoding");

            StringBuilder line = new StringBuilder();
            for (Map.Entry<Object, Object> entry : properties.entrySet()) {
                byte[] value = entry.getValue().toString().getBytes(StandardCharsets.UTF_8);
                line.append(entry.getKey()).append(' ').append(Base64.getEncoder().encodeToString(value)).append(' ');
            }
            System.out.println(line);
        }
    }
}
