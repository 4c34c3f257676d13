using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Kernel;
using Entrepot.Core.Secrets;
using Entrepot.Server.Api;
using Entrepot.Server.Tls;
using Entrepot.Trust.Authority;

namespace Entrepot.Server.Enrolment;

/// <summary>What a joined node keeps: who it is, by what it proves that, whom it believes and where its origin is. The key is sealed.</summary>
internal sealed record MemberRecord(
    string Identity, string? Site, Uri Origin, int? MetadataPort, string Certificate, string Surface, byte[] SealedKey, string Authorities);

/// <summary>The one file in which it is kept, so that it changes as a whole.</summary>
/// <param name="path">The file.</param>
/// <param name="bundle">File of the authorities' certificates, for everybody to read.</param>
/// <param name="sealing">Seals the key.</param>
internal sealed class MemberFile(string path, string bundle, SealingKey sealing)
{
    private const string Purpose = "node-key";

    private string Revoked => Path.Combine(Path.GetDirectoryName(path)!, "revoked.json");

    /// <summary>What was kept, or null.</summary>
    /// <exception cref="Core.Faults.FaultException"><see cref="SecretFault"/>.</exception>
    public MemberRecord? Read()
    {
        if (SecretFile.Read(path) is not { } bytes)
            return null;
        try
        {
            return JsonSerializer.Deserialize(bytes, MemberJson.Default.MemberRecord) ?? throw new JsonException("it is null");
        }
        catch (JsonException error)
        {
            throw SecretFile.Malformed(path, error.Message);
        }
    }

    public void Write(MemberRecord record)
    {
        SecretFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(record, MemberJson.Default.MemberRecord));
        DurableFile.Write(bundle, Encoding.ASCII.GetBytes(record.Authorities));
    }

    /// <summary>Whom the node was told to believe no more, before this start. A file of its own: it grows with what is revoked, and is no secret.</summary>
    /// <exception cref="Core.Faults.FaultException"><see cref="SecretFault.Malformed"/>: to forget it would let somebody in.</exception>
    public ImmutableArray<Revocation> ReadRevoked()
    {
        try
        {
            return File.Exists(Revoked) ? Of(JsonSerializer.Deserialize(File.ReadAllBytes(Revoked), ApiJson.Default.IReadOnlyListRevocationDocument) ?? throw new JsonException("it is null")) : [];
        }
        catch (JsonException error)
        {
            throw SecretFile.Malformed(Revoked, error.Message);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Fault.Of(SecretFault.Unreadable, FaultKind.Unavailable, $"'{Revoked}' can't be read: {error.Message}", "Let the node's user read it.").ToException(error);
        }
    }

    /// <summary>Keeps whom the origin said to believe no more.</summary>
    public void WriteRevoked(IReadOnlyList<RevocationDocument> revoked)
        => DurableFile.Write(Revoked, JsonSerializer.SerializeToUtf8Bytes(revoked, ApiJson.Default.IReadOnlyListRevocationDocument));

    /// <summary>Reads what an origin told.</summary>
    public static ImmutableArray<Revocation> Of(IReadOnlyList<RevocationDocument> revoked)
        => [.. revoked.Select(static one => NodeName.TryParse(one.Node, out var name, out _)
            ? new Revocation(name, one.Until) { IsClient = one.Client, Ends = one.Ends ?? one.Until + CertificateTimes.Lifetime }
            : null).OfType<Revocation>()];

    /// <summary>Seals a key for the record.</summary>
    public byte[] Seal(ECDsa key)
    {
        var plain = key.ExportPkcs8PrivateKey();
        try
        {
            return sealing.Seal(plain, Purpose);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <summary>Gives a node the certificates of a record.</summary>
    public void Load(MemberRecord record, NodeCertificate into)
    {
        var plain = sealing.Open(record.SealedKey, Purpose);
        try
        {
            using var key = ECDsa.Create();
            key.ImportPkcs8PrivateKey(plain, out _);
            using var forNodes = X509Certificate2.CreateFromPem(record.Certificate);
            using var forClients = X509Certificate2.CreateFromPem(record.Surface);
            into.Replace(Certificates.WithKey(forNodes, key), Certificates.WithKey(forClients, key));
        }
        catch (CryptographicException error)
        {
            throw SecretFile.Malformed(path, error.Message);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(MemberRecord))]
internal sealed partial class MemberJson : JsonSerializerContext;
