// Writes what is in one PKCS #12 container to another, as BouncyCastle does:
// java -cp bcprov.jar BouncyCastle.java in.p12 password TYPE out.p12
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.security.KeyStore;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

public class BouncyCastle {
    public static void main(String[] args) throws Exception {
        char[] password = args[1].toCharArray();
        KeyStore in = KeyStore.getInstance("PKCS12");
        in.load(new FileInputStream(args[0]), password);
        KeyStore out = KeyStore.getInstance(args[2], new BouncyCastleProvider());
        out.load(null, null);
        String alias = in.aliases().nextElement();
        out.setKeyEntry(alias, in.getKey(alias, password), password, in.getCertificateChain(alias));
        out.store(new FileOutputStream(args[3]), password);
    }
}
