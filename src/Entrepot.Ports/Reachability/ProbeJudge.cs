using System.Collections.Immutable;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Reachability;

/// <summary>Decides when tries are enough and what they mean. One lost packet must not close a door, and one odd answer not open it: two
/// tries must agree, and when they never do, the most frequent answer is told with the share of the tries that gave it. Pure.</summary>
public static class ProbeJudge
{
    /// <summary>Tries that must agree.</summary>
    public const int Agreement = 2;

    /// <summary>What the tries so far mean.</summary>
    /// <param name="protocol">The transport: silence means something to TCP, where a closed port answers as well.</param>
    /// <param name="answers">In the order of the tries.</param>
    /// <param name="last">True when there will be no more.</param>
    /// <returns>Null while another try is needed.</returns>
    public static ProbeResult? Judge(PortProtocol protocol, ImmutableArray<ProbeAnswer> answers, bool last)
    {
        if (answers.IsEmpty)
            return last ? ProbeResult.NotTried : null;
        var best = answers.GroupBy(static answer => answer).OrderByDescending(static group => group.Count()).ThenBy(static group => group.Key).First();
        if (best.Count() < Agreement && !last)
            return null;
        var (reach, detail) = Meaning(protocol, best.Key);
        var confidence = reach == Reach.Unknown ? 0 : (double)answers.Count(answer => Meaning(protocol, answer).Reach == reach) / answers.Length;
        // One try alone has nobody who agrees with it.
        return new ProbeResult(reach, answers.Length < Agreement ? confidence / Agreement : confidence, answers.Length, detail);
    }

    private static (Reach Reach, string Detail) Meaning(PortProtocol protocol, ProbeAnswer answer) => (answer, protocol) switch
    {
        (ProbeAnswer.Answered, _) => (Reach.Open, "it answers"),
        (ProbeAnswer.Refused, _) => (Reach.Refused, "the machine says that nobody listens"),
        (ProbeAnswer.Barred, _) => (Reach.Filtered, "a machine on the way refuses to pass it on"),
        (ProbeAnswer.Silence, PortProtocol.Tcp) => (Reach.Filtered, "no answer"),
        (ProbeAnswer.Silence, _) => (Reach.Unknown, "no answer, which means nothing without a protocol that must answer"),
        _ => (Reach.Unknown, "there is no way to try it from here"),
    };
}
