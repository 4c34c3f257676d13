using System.Security.Cryptography;
using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Core.Kernel;
using Entrepot.Core.Secrets;
using Entrepot.Server.Api;
using Entrepot.Server.Client;

namespace Entrepot.Cli.Certificates;

/// <summary>The files of a client's certificate, named as docker, podman and skopeo look for them in <c>certs.d/HOST:PORT</c>.</summary>
internal static class CertificateFolder
{
    /// <summary>The certificate, PEM.</summary>
    public const string Certificate = "client.cert";

    /// <summary>Its key, PEM, mode 0600.</summary>
    public const string Key = "client.key";

    /// <summary>The network's authority, PEM.</summary>
    public const string Authority = "ca.crt";

    /// <summary>Refuses a folder that holds a key already: somebody may live by it.</summary>
    /// <exception cref="FaultException"><see cref="CliFault.Output"/>.</exception>
    public static void RequireFree(string folder)
    {
        if (File.Exists(Path.Combine(folder, Key)))
            throw Fault.Of(
                CliFault.Output, FaultKind.Conflict, $"'{Path.Combine(folder, Key)}' is there already.", "Name another folder with --out, or remove that one once nobody needs it.").ToException();
    }

    /// <summary>Has commands show the certificate, and believe the authority that is beside it.</summary>
    /// <param name="trust">Of the commands.</param>
    /// <param name="path">The folder, or a PEM file with certificate and key.</param>
    /// <exception cref="FaultException"><see cref="ClientFault.Certificate"/>, <see cref="SecretFault"/>.</exception>
    public static void Show(ClientTrust trust, string path)
    {
        if (!Directory.Exists(path))
        {
            trust.Show(path, path);
            return;
        }

        trust.Show(Path.Combine(path, Certificate), Path.Combine(path, Key));
        trust.Use(Path.Combine(path, Authority), required: false);
    }

    /// <summary>Writes the key, then has the certificate made and writes that: a folder that can't be written leaves no certificate at the origin that nobody
    /// has the key of, and a refusal leaves no key.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="key">Whose certificate it will be.</param>
    /// <param name="order">Has the certificate made.</param>
    /// <exception cref="FaultException"><see cref="SecretFault.Unreadable"/>, or that of the order.</exception>
    public static async Task<ClientCertificateDocument> WriteAsync(string folder, ECDsa key, Func<Task<ClientCertificateDocument>> order)
    {
        var isNew = !Directory.Exists(folder);
        SecretFile.Write(Path.Combine(folder, Key), Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
        ClientCertificateDocument made;
        try
        {
            made = await order();
        }
        catch (FaultException)
        {
            File.Delete(Path.Combine(folder, Key));
            if (isNew)
                Directory.Delete(folder);
            throw;
        }

        DurableFile.Write(Path.Combine(folder, Certificate), Encoding.ASCII.GetBytes(made.Certificate!));
        DurableFile.Write(Path.Combine(folder, Authority), Encoding.ASCII.GetBytes(made.Authorities!));
        return made;
    }
}
