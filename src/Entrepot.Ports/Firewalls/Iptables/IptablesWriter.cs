using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;

namespace Entrepot.Ports.Firewalls.Iptables;

/// <summary>Writes what <c>iptables-restore --noflush</c> reads, for one address family. Everything variable is a number, an address or
/// a chain name made of those. <c>RETURN</c> ends the own say, so that rules of others on the machine still count.</summary>
internal static class IptablesWriter
{
    /// <summary>Largest bucket of xt_hashlimit that every version of it takes; a smaller bucket only lets in less at once.</summary>
    private const int MaxBurst = 10_000;

    private static readonly DateTime LastDate = new(2038, 1, 18, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>The own chains of a model in the place of those that are there.</summary>
    public static string Whole(RuleModel model, AddressFamily family, IptablesState current)
    {
        var rules = new StringBuilder();
        var chains = new List<string> { IptablesState.MainChain };
        Rule(rules, IptablesState.MainChain, "-i lo -j RETURN");
        Rule(rules, IptablesState.MainChain, "-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN");
        var floor = AddressRange.Join(model.Floor.ManagementNetworks).SelectMany(static range => range.Networks())
            .Where(network => network.BaseAddress.AddressFamily == family).Select(static network => $"-s {network} ");
        foreach (var source in model.Floor.ManagementNetworks.IsEmpty ? [""] : floor)
            Rule(rules, IptablesState.MainChain, string.Create(
                CultureInfo.InvariantCulture, $"{source}-p tcp -m tcp --dport {model.Floor.ManagementPort} -j RETURN"));
        foreach (var door in model.Doors)
            WriteDoor(rules, chains, door, family);
        if (model.Undeclared == UndeclaredPorts.Drop)
        {
            foreach (var protocol in new[] { "tcp", "udp", "sctp" })
                Rule(rules, IptablesState.MainChain, $"-p {protocol} -j DROP");
        }

        return Transaction(chains, rules.ToString(), current, jump: true);
    }

    /// <summary>The own part as it was.</summary>
    public static string Back(IptablesState snapshot, IptablesState current)
        => Transaction(snapshot.Chains, string.Concat(snapshot.Rules.Select(static rule => rule + "\n")), current, snapshot.HasJump);

    private static void WriteDoor(StringBuilder rules, List<string> chains, Door door, AddressFamily family)
    {
        var protocol = door.Protocol.Name();
        var chain = string.Create(CultureInfo.InvariantCulture, $"{IptablesState.MainChain}-{protocol}-{door.First}");
        chains.Add(chain);
        var ports = string.Create(CultureInfo.InvariantCulture, $"--dport {door.First}{(door.First == door.Last ? "" : $":{door.Last}")}");
        // A return from a chain that was gone to, not called, returns to INPUT.
        Rule(rules, IptablesState.MainChain, $"-p {protocol} -m {protocol} {ports} -g {chain}");
        var admitted = "RETURN";
        if (door is not { Rate: null, ConnectionsPerSource: null, Connections: null } && !door.Blocked)
        {
            admitted = chain + "-in";
            chains.Add(admitted);
            WriteLimits(rules, admitted, door, family);
        }

        // The kernel compares UTC, and ends its time in 2038: earlier is narrower.
        var until = door.Expires is not { } ends ? "" : string.Create(
            CultureInfo.InvariantCulture, $"-m time --datestop {(ends.UtcDateTime < LastDate ? ends.UtcDateTime : LastDate):yyyy-MM-dd'T'HH:mm:ss} ");
        var verdict = admitted == "RETURN" ? "-j RETURN" : $"-g {admitted}";
        Rule(rules, chain, "-m conntrack --ctstate INVALID -j DROP");
        foreach (var way in door.Blocked ? [] : door.Ways)
        {
            var sources = way.Networks.Where(network => network.BaseAddress.AddressFamily == family).Select(static network => $"-s {network} ").ToList();
            var macs = way.Macs.Select(static mac => $"-m mac --mac-source {mac} ").ToList();
            foreach (var source in way.Networks.IsEmpty ? [""] : sources)
            {
                foreach (var mac in macs.Count == 0 ? [""] : macs)
                    Rule(rules, chain, $"{source}{mac}{until}{verdict}");
            }
        }

        Rule(rules, chain, "-j DROP");
    }

    private static void WriteLimits(StringBuilder rules, string chain, Door door, AddressFamily family)
    {
        // The whole /64 is one source in IPv6 (RFC 6177).
        var mask = family == AddressFamily.InterNetwork ? 32 : 64;
        if (door.Rate is { } rate)
        {
            var unit = Nftables.NftLimit.UnitOf(rate.Per);
            Rule(rules, chain, string.Create(
                CultureInfo.InvariantCulture,
                $"-m conntrack --ctstate NEW -m hashlimit --hashlimit-above {rate.Count}/{unit} --hashlimit-burst {Math.Min(rate.Count, MaxBurst)} --hashlimit-mode srcip --hashlimit-srcmask {mask} --hashlimit-name e-{door.Protocol.Name()}-{door.First} --hashlimit-htable-expire {(long)rate.Per.TotalMilliseconds} -j DROP"));
        }

        if (door.ConnectionsPerSource is { } perSource)
            Rule(rules, chain, string.Create(
                CultureInfo.InvariantCulture, $"-m connlimit --connlimit-above {perSource} --connlimit-mask {mask} --connlimit-saddr -j DROP"));
        if (door.Connections is { } total)
            Rule(rules, chain, string.Create(CultureInfo.InvariantCulture, $"-m connlimit --connlimit-above {total} --connlimit-mask 0 --connlimit-saddr -j DROP"));
        Rule(rules, chain, "-j RETURN");
    }

    private static string Transaction(IReadOnlyCollection<string> chains, string rules, IptablesState current, bool jump)
    {
        var gone = current.Chains.Except(chains, StringComparer.Ordinal).ToList();
        var text = new StringBuilder("*filter\n");
        // Naming a chain makes it, or empties it.
        foreach (var chain in chains.Concat(gone))
            text.Append(CultureInfo.InvariantCulture, $":{chain} - [0:0]\n");
        if (!jump && current.HasJump)
            text.Append(CultureInfo.InvariantCulture, $"-D INPUT -j {IptablesState.MainChain}\n");
        text.Append(rules);
        if (jump && !current.HasJump)
            text.Append(CultureInfo.InvariantCulture, $"-I INPUT 1 -j {IptablesState.MainChain}\n");
        foreach (var chain in gone)
            text.Append(CultureInfo.InvariantCulture, $"-X {chain}\n");
        return text.Append("COMMIT\n").ToString();
    }

    private static void Rule(StringBuilder rules, string chain, string rule)
        => rules.Append("-A ").Append(chain).Append(' ').Append(rule).Append('\n');
}
