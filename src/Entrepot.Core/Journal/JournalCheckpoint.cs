using System.Globalization;
using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Core.Secrets;

namespace Entrepot.Core.Journal;

/// <summary>A signed statement of how far a journal goes and what its hash is there: whoever has it can prove all that is before it.</summary>
/// <param name="Journal">The journal's name, 64 hexadecimal digits.</param>
/// <param name="First">The oldest entry that was kept when it was signed.</param>
/// <param name="Last">The newest entry.</param>
/// <param name="Hash">That entry's hash, 64 hexadecimal digits.</param>
/// <param name="At">When it was signed, UTC.</param>
/// <param name="Signature">Ed25519 over the bytes of <see cref="Statement"/>; 64 bytes.</param>
public sealed record JournalCheckpoint(string Journal, long First, long Last, string Hash, DateTimeOffset At, byte[] Signature)
{
    private const string Title = "entrepot journal checkpoint v1";
    private const string SignatureName = "signature ";
    /// <summary>How times are written.</summary>
    internal const string Time = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>The signed text, in ASCII; every line ends with a line feed.</summary>
    public string Statement => string.Create(
        CultureInfo.InvariantCulture,
        $"{Title}\njournal {Journal}\nfirst {First}\nlast {Last}\nhash {Hash}\nat {At.UtcDateTime.ToString(Time, CultureInfo.InvariantCulture)}\n");

    /// <summary>The signature in Base64.</summary>
    public string SignatureText => Convert.ToBase64String(Signature);

    /// <summary>Statement and signature as one text, to be kept elsewhere.</summary>
    public override string ToString() => $"{Statement}{SignatureName}{SignatureText}\n";

    /// <summary>True when the key's owner signed it.</summary>
    public bool IsSignedBy(byte[] publicKey) => Ed25519Signature.Verify(publicKey, Encoding.ASCII.GetBytes(Statement), Signature);

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <exception cref="FaultException"><see cref="JournalFault.Malformed"/>.</exception>
    public static JournalCheckpoint Parse(string text, string file)
    {
        var end = text.IndexOf(SignatureName, StringComparison.Ordinal);
        var signature = new byte[Ed25519Signature.Bytes];
        return end >= 0 && Convert.TryFromBase64String(text[(end + SignatureName.Length)..].TrimEnd(), signature, out var length)
                && length == signature.Length && TryParse(text[..end], signature) is { } checkpoint
            ? checkpoint
            : throw Fault.Of(
                JournalFault.Malformed, FaultKind.Invalid, $"'{file}' holds no checkpoint of a journal.",
                "'entrepot audit checkpoint' prints one.").ToException();
    }

    /// <summary>Reads a statement; null unless it is written exactly as <see cref="Statement"/> writes it.</summary>
    public static JournalCheckpoint? TryParse(string statement, byte[] signature)
    {
        var lines = statement.Split('\n');
        if (lines.Length != 7 || lines[0] != Title || Value(lines[1], "journal") is not { } journal || Value(lines[4], "hash") is not { } hash
            || !long.TryParse(Value(lines[2], "first"), NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            || !long.TryParse(Value(lines[3], "last"), NumberStyles.None, CultureInfo.InvariantCulture, out var last)
            || !DateTimeOffset.TryParseExact(Value(lines[5], "at"), Time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
            return null;
        var checkpoint = new JournalCheckpoint(journal, first, last, hash, at, signature);
        return checkpoint.Statement == statement ? checkpoint : null;
    }

    private static string? Value(string line, string name)
        => line.StartsWith(name, StringComparison.Ordinal) && line.Length > name.Length && line[name.Length] == ' ' ? line[(name.Length + 1)..] : null;
}
