using System.Security.Cryptography;
using System.Text;
using Entrepot.Core.Faults;

namespace Entrepot.Core.Secrets;

/// <summary>Encrypts what a node keeps at rest: AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits. Sealed bytes are
/// <c>version (1) | nonce (12) | tag (16) | ciphertext</c>. Safe for use by several threads.</summary>
/// <remarks>The key is a file of its own outside the database, so that a copy of the database alone tells nothing. Random nonces allow
/// 2³² seals by one key (SP 800-38D §8.3).</remarks>
public sealed class SealingKey : IDisposable
{
    /// <summary>Bytes that sealing adds.</summary>
    public const int Overhead = 1 + NonceBytes + TagBytes;

    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const byte Version = 1;

    private readonly AesGcm _cipher;

    /// <summary>The cipher keeps its state between calls: two at once break each other.</summary>
    private readonly Lock _using = new();
    private readonly string _name;

    private SealingKey(ReadOnlySpan<byte> key, string name)
    {
        _cipher = new AesGcm(key, TagBytes);
        _name = name;
    }

    /// <summary>Reads the key of a file, or makes both.</summary>
    /// <exception cref="FaultException"><see cref="SecretFault"/>: exposed, unreadable, malformed.</exception>
    public static SealingKey OpenOrCreate(string path)
    {
        var key = SecretFile.Read(path);
        if (key is null)
        {
            key = RandomNumberGenerator.GetBytes(KeyBytes);
            SecretFile.Write(path, key);
        }

        try
        {
            return key.Length == KeyBytes ? new SealingKey(key, path) : throw SecretFile.Malformed(path, $"a key has {KeyBytes} bytes, the file {key.Length}");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>A key that ends with the process.</summary>
    public static SealingKey CreateEphemeral() => new(RandomNumberGenerator.GetBytes(KeyBytes), "the key of this process");

    /// <summary>Encrypts.</summary>
    /// <param name="content">The plain bytes.</param>
    /// <param name="purpose">What they are, such as <c>journal:17</c>: sealed bytes open only under the same purpose, so that one
    /// record can't be put in place of another.</param>
    public byte[] Seal(ReadOnlySpan<byte> content, string purpose)
    {
        var sealedBytes = new byte[Overhead + content.Length];
        Seal(content, purpose, sealedBytes);
        return sealedBytes;
    }

    /// <summary>Encrypts into a buffer of <see cref="Overhead"/> bytes more than the content.</summary>
    public void Seal(ReadOnlySpan<byte> content, string purpose, Span<byte> destination) => Seal(content, Encoding.UTF8.GetBytes(purpose), destination);

    /// <summary>As <see cref="Seal(ReadOnlySpan{byte}, string, Span{byte})"/>, with a purpose that is no text.</summary>
    public void Seal(ReadOnlySpan<byte> content, ReadOnlySpan<byte> purpose, Span<byte> destination)
    {
        destination[0] = Version;
        var nonce = destination.Slice(1, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        lock (_using)
            _cipher.Encrypt(nonce, content, destination[Overhead..], destination.Slice(1 + NonceBytes, TagBytes), purpose);
    }

    /// <summary>Decrypts.</summary>
    /// <exception cref="FaultException"><see cref="SecretFault.Broken"/>.</exception>
    public byte[] Open(ReadOnlySpan<byte> sealedBytes, string purpose)
        => TryOpen(sealedBytes, purpose) ?? throw Fault.Of(
            SecretFault.Broken, FaultKind.Internal, $"What is kept for '{purpose}' does not open with {_name}: it was changed, or sealed by another key.",
            "Restore the key file and the data folder from the same backup.").ToException();

    /// <summary>Decrypts, or tells null when the bytes were changed or sealed by another key or for another purpose.</summary>
    public byte[]? TryOpen(ReadOnlySpan<byte> sealedBytes, string purpose)
    {
        if (sealedBytes.Length < Overhead)
            return null;
        var content = new byte[sealedBytes.Length - Overhead];
        return TryOpen(sealedBytes, Encoding.UTF8.GetBytes(purpose), content) ? content : null;
    }

    /// <summary>Decrypts into a buffer of <see cref="Overhead"/> bytes less than what was sealed; false as <see cref="TryOpen(ReadOnlySpan{byte}, string)"/> tells null.</summary>
    public bool TryOpen(ReadOnlySpan<byte> sealedBytes, ReadOnlySpan<byte> purpose, Span<byte> content)
    {
        if (sealedBytes.Length < Overhead || sealedBytes[0] != Version)
            return false;
        try
        {
            lock (_using)
                _cipher.Decrypt(sealedBytes.Slice(1, NonceBytes), sealedBytes[Overhead..], sealedBytes.Slice(1 + NonceBytes, TagBytes), content, purpose);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _cipher.Dispose();
}
