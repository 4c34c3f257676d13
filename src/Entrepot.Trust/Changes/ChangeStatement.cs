using System.Globalization;
using System.Text;
using Entrepot.Core.Secrets;

namespace Entrepot.Trust.Changes;

/// <summary>What an approval or a review signs, as text that means one thing only: one line for each fact, in this order, each ending with a line
/// feed. No fact may hold a control character.</summary>
public static class ChangeStatement
{
    private const string Time = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>What an approval says.</summary>
    /// <param name="network">The network's identifier.</param>
    /// <param name="change">The change, before it is approved.</param>
    /// <param name="approver">The principal that approves it.</param>
    /// <param name="at">When, UTC.</param>
    /// <param name="until">When the approval ends, UTC.</param>
    public static string Approval(string network, Change change, string approver, DateTimeOffset at, DateTimeOffset until)
        => Lines("entrepot change approval v1", network, change).Append($"approver {approver}\nat {Text(at)}\nuntil {Text(until)}\n").ToString();

    /// <summary>What a review says.</summary>
    /// <param name="network">The network's identifier.</param>
    /// <param name="change">The change, which was applied without approval.</param>
    /// <param name="reviewer">The principal that looked at it.</param>
    /// <param name="at">When, UTC.</param>
    public static string Review(string network, Change change, string reviewer, DateTimeOffset at)
        => Lines("entrepot change review v1", network, change).Append($"applier {change.Application!.By}\nreviewer {reviewer}\nat {Text(at)}\n").ToString();

    /// <summary>True when the key's owner signed the text.</summary>
    public static bool IsSignedBy(byte[] publicKey, SignedStatement proof)
        => Ed25519Signature.Verify(publicKey, Encoding.UTF8.GetBytes(proof.Statement), proof.Signature);

    private static StringBuilder Lines(string title, string network, Change change)
        => new StringBuilder().Append(
            CultureInfo.InvariantCulture,
            $"{title}\nnetwork {network}\nchange {change.Id}\ndocument {change.Document.ToString().ToLowerInvariant()}\nbase {change.Base}\ncontent {change.Content}\nproposer {change.Proposer}\n");

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString(Time, CultureInfo.InvariantCulture);
}
