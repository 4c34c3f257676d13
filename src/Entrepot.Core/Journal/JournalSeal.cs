using System.Security.Cryptography;
using Entrepot.Core.Faults;
using Entrepot.Core.Secrets;

namespace Entrepot.Core.Journal;

/// <summary>One journal's name and keys. What an entry tells is sealed under its hash, so that with the sealing key every entry also proves its own
/// place: nobody without the key can make one, nor put one elsewhere.</summary>
/// <param name="key">Seals what is kept.</param>
/// <param name="chain">What the database says of the journal.</param>
internal sealed class JournalSeal(SealingKey key, JournalChainRow chain)
{
    private const string SigningPurpose = "journal:signing-key";
    private const string PseudonymPurpose = "journal:pseudonym-key";

    /// <summary>Names the journal: the hash before its first entry.</summary>
    public byte[] Journal => chain.Journal;

    /// <summary>Of the key that signs checkpoints.</summary>
    public byte[] PublicKey => chain.PublicKey;

    /// <summary>What a new journal begins with.</summary>
    public static JournalChainRow Create(SealingKey key)
    {
        var signing = Ed25519Signature.CreatePrivateKey();
        var pseudonyms = RandomNumberGenerator.GetBytes(HMACSHA256.HashSizeInBytes);
        var journal = RandomNumberGenerator.GetBytes(JournalEncoding.HashBytes);
        try
        {
            return new JournalChainRow(
                journal, Ed25519Signature.PublicKeyOf(signing), key.Seal(signing, SigningPurpose), key.Seal(pseudonyms, PseudonymPurpose), 1, journal, 0);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(signing);
            CryptographicOperations.ZeroMemory(pseudonyms);
        }
    }

    /// <summary>Seals what an entry tells.</summary>
    public byte[] Seal(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> hash)
    {
        Span<byte> purpose = stackalloc byte[PurposePrefix.Length + JournalEncoding.HashBytes];
        Purpose(hash, purpose);
        var sealedBytes = new byte[SealingKey.Overhead + payload.Length];
        key.Seal(payload, purpose, sealedBytes);
        return sealedBytes;
    }

    /// <summary>Opens what an entry tells.</summary>
    /// <param name="sealedBytes">As it is kept.</param>
    /// <param name="hash">The entry's hash.</param>
    /// <param name="buffer">Taken as long as need be.</param>
    /// <param name="payload">What was sealed.</param>
    /// <returns>False when it was changed, or belongs to another entry or key.</returns>
    public bool TryOpen(ReadOnlySpan<byte> sealedBytes, ReadOnlySpan<byte> hash, ref byte[] buffer, out JournalPayload payload)
    {
        payload = default;
        var length = sealedBytes.Length - SealingKey.Overhead;
        if (length < 0 || hash.Length != JournalEncoding.HashBytes)
            return false;
        if (buffer.Length < length)
            buffer = new byte[length];
        Span<byte> purpose = stackalloc byte[PurposePrefix.Length + JournalEncoding.HashBytes];
        Purpose(hash, purpose);
        return key.TryOpen(sealedBytes, purpose, buffer.AsSpan(0, length)) && JournalEncoding.TryReadPayload(buffer.AsSpan(0, length), out payload);
    }

    /// <summary>Signs by the journal's key, which is open only meanwhile.</summary>
    /// <exception cref="FaultException"><see cref="SecretFault.Broken"/>; <see cref="JournalFault.Broken"/> when the public key is another's.</exception>
    public byte[] Sign(byte[] message)
    {
        var signing = key.Open(chain.SigningKey, SigningPurpose);
        try
        {
            RequireOwn(signing);
            return Ed25519Signature.Sign(signing, message);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(signing);
        }
    }

    /// <summary>Checks that the sealing key and the journal belong together.</summary>
    /// <exception cref="FaultException">As <see cref="Sign"/>.</exception>
    public void Check()
    {
        var signing = key.Open(chain.SigningKey, SigningPurpose);
        try
        {
            RequireOwn(signing);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(signing);
        }
    }

    /// <summary>What stands in the place of a name: the same for the same name, and to be told only with the journal's key.</summary>
    public Pseudonyms OpenPseudonyms() => new(key.Open(chain.PseudonymKey, PseudonymPurpose));

    private static ReadOnlySpan<byte> PurposePrefix => "journal:"u8;

    private static void Purpose(ReadOnlySpan<byte> hash, Span<byte> purpose)
    {
        PurposePrefix.CopyTo(purpose);
        hash.CopyTo(purpose[PurposePrefix.Length..]);
    }

    private void RequireOwn(byte[] signing)
    {
        if (!Ed25519Signature.PublicKeyOf(signing).AsSpan().SequenceEqual(chain.PublicKey))
            throw Fault.Of(
                JournalFault.Broken, FaultKind.Internal, "The journal's public key does not belong to its private key: it was replaced.",
                "Compare with a checkpoint that was exported before, and restore the data folder from a backup.").ToException();
    }
}

/// <summary>What the database says of its journal.</summary>
/// <param name="Journal">Names it; 32 bytes.</param>
/// <param name="PublicKey">Ed25519.</param>
/// <param name="SigningKey">Ed25519, sealed.</param>
/// <param name="PseudonymKey">HMAC-SHA-256, sealed.</param>
/// <param name="First">The oldest entry that is kept.</param>
/// <param name="Previous">Hash of the entry before it.</param>
/// <param name="Pseudonymised">Entries up to here name no person any more.</param>
internal sealed record JournalChainRow(
    byte[] Journal, byte[] PublicKey, byte[] SigningKey, byte[] PseudonymKey, long First, byte[] Previous, long Pseudonymised)
{
    public const string Sql =
        "SELECT journal AS Journal, public_key AS PublicKey, signing_key AS SigningKey, pseudonym_key AS PseudonymKey, first AS First, previous AS Previous, pseudonymised AS Pseudonymised FROM journal_chain";
}
