using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Ports.Firewalls.Iptables;

/// <summary>One rule as <c>iptables-save</c> prints it.</summary>
/// <param name="words">What follows the chain's name.</param>
/// <param name="six">True for ip6tables.</param>
/// <param name="now">The time, in UTC, or null when it is not known.</param>
/// <param name="isChain">Whether a name is that of a chain.</param>
internal sealed class IptablesRule(List<string> words, bool six, DateTimeOffset? now, Func<string, bool> isChain)
{
    private readonly ImmutableArray<Statement>.Builder _statements = ImmutableArray.CreateBuilder<Statement>();
    private int _next;
    private string _module = "";
    private byte? _protocol;
    private string? _comment;

    /// <summary>The rule's statements, and its comment.</summary>
    public (ImmutableArray<Statement> Statements, string? Comment) Read()
    {
        while (_next < words.Count)
        {
            var negated = words[_next] == "!" && _next + 1 < words.Count;
            if (negated)
                _next++;
            var option = words[_next++];
            if (option is "-j" or "-g")
                Target(Argument(), option == "-g");
            else if (option == "-m")
                Module(Argument());
            else
                Condition(option, negated);
        }

        return (_statements.ToImmutable(), _comment);
    }

    private string Argument() => _next < words.Count ? words[_next++] : "";

    /// <summary>Extensions that say something by being there.</summary>
    private void Module(string module)
    {
        _module = module;
        if (module is "limit" or "hashlimit" or "connlimit" or "quota" or "recent" or "statistic" or "nfacct" or "connbytes")
            _statements.Add(new HistoryStatement($"-m {module} {string.Join(' ', Rest())}"));
        else if (module == "time")
            Time(Rest());
        else if (module is not ("tcp" or "udp" or "sctp" or "dccp" or "udplite" or "icmp" or "icmp6" or "multiport" or "conntrack" or "state" or "mac" or "comment" or "mark" or "connmark" or "addrtype" or "pkttype" or "iprange"))
            Unknown($"-m {module} {string.Join(' ', Rest())}");
    }

    /// <summary>A rule that ends at a time in UTC, which is what the kernel compares unless <c>--kerneltz</c> is there.</summary>
    private void Time(List<string> rest)
    {
        if (now is not { } moment || rest is not ["--datestop", var text]
            || !DateTimeOffset.TryParseExact(text, "yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var end))
            Unknown($"-m time {string.Join(' ', rest)}");
        else if (moment > end)
            Match(new FieldRead(PacketField.Family), [], negated: false);  // nothing is in an empty set
    }

    /// <summary>What is left of an extension that is not looked into: up to the next one, or the target.</summary>
    private List<string> Rest()
    {
        var rest = new List<string>();
        while (_next < words.Count && words[_next] is not ("-m" or "-j" or "-g"))
            rest.Add(words[_next++]);
        return rest;
    }

    private void Condition(string option, bool negated)
    {
        switch (option)
        {
            case "-s" or "-d":
                var field = (option == "-s", six) switch
                {
                    (true, false) => PacketField.Source4,
                    (true, true) => PacketField.Source6,
                    (false, false) => PacketField.Destination4,
                    _ => PacketField.Destination6,
                };
                Match(option, negated, field, Argument());
                break;
            case "-i" or "-o":
                var name = Argument();
                Match(new FieldRead(option == "-i" ? PacketField.Interface : PacketField.OutInterface), [ValueRange.Named(name.EndsWith('+') ? name[..^1] + "*" : name)], negated);
                break;
            case "-p":
                var protocol = Argument();
                if (protocol == "all")
                    break;
                var known = FieldNames.Read(PacketField.Protocol, protocol);
                if (known is { First: var value } && value <= byte.MaxValue && !negated)
                    _protocol = (byte)value;
                Match(option, negated, PacketField.Protocol, protocol);
                break;
            case "--dport" or "--dports" or "--sport" or "--sports":
                Ports(option, negated, option[2] == 'd' ? PacketField.DestinationPort : PacketField.SourcePort, Argument());
                break;
            case "--ctstate" or "--state":
                States(option, negated, Argument());
                break;
            case "--mac-source":
                Match(option, negated, PacketField.SourceMac, Argument());
                break;
            case "--mark":
                Mark(negated, Argument());
                break;
            case "--dst-type":
                Match(option, negated, PacketField.DestinationType, Argument());
                break;
            case "--pkt-type":
                Match(option, negated, PacketField.PacketType, Argument());
                break;
            case "--src-range" or "--dst-range":
                Range(option, negated, Argument());
                break;
            case "--tcp-flags":
                Flags(negated, Argument(), Argument());
                break;
            case "--icmp-type" or "--icmpv6-type":
                var type = Argument();
                if (type != "any")
                    Match(option, negated, six ? PacketField.Icmp6Type : PacketField.IcmpType, type);
                break;
            case "--comment":
                _comment = Argument();
                break;
            default:
                var text = option;
                while (_next < words.Count && !words[_next].StartsWith('-') && words[_next] != "!")
                    text += " " + words[_next++];
                Unknown(text);
                break;
        }
    }

    private void Match(string option, bool negated, PacketField field, string text)
    {
        if (FieldNames.Read(field, field is PacketField.SourceMac or PacketField.DestinationType or PacketField.PacketType or PacketField.Protocol ? text.ToLowerInvariant() : text) is { } range)
            Match(new FieldRead(field), [range], negated);
        else
            Unknown($"{option} {text}");
    }

    private void Match(FieldRead read, IEnumerable<ValueRange> ranges, bool negated)
        => _statements.Add(new MatchStatement([read], ValueSet.Of(ranges), negated));

    private void Unknown(string text) => _statements.Add(new UnknownStatement(text, MayDecide: false));

    private void Ports(string option, bool negated, PacketField field, string text)
    {
        var ranges = new List<ValueRange>();
        foreach (var part in text.Split(','))
        {
            var ends = part.Split(':');
            if (ends.Length > 2 || FieldNames.Number(ends[0] == "" ? "0" : ends[0]) is not { } first || FieldNames.Number(ends[^1] == "" ? "65535" : ends[^1]) is not { } last || first > last)
            {
                Unknown($"{option} {text}");
                return;
            }

            ranges.Add(new ValueRange(first, last));
        }

        Match(new FieldRead(field) { OnlyProtocol = _protocol }, ranges, negated);
    }

    private void States(string option, bool negated, string text)
    {
        var ranges = text.Split(',').Select(static state => FieldNames.Read(PacketField.State, state.ToLowerInvariant())).ToList();
        if (text == "DNAT")
            Match(new FieldRead(PacketField.Status, FieldValues.DestinationTranslated, 0), [ValueRange.Of(0)], !negated);
        else if (ranges.TrueForAll(static range => range is not null))
            Match(new FieldRead(PacketField.State), ranges.Select(static range => range!.Value), negated);
        else
            Unknown($"{option} {text}");
    }

    private void Mark(bool negated, string text)
    {
        if (Masked(text) is var (value, mask) && _module is "mark" or "connmark")
            Match(new FieldRead(_module == "mark" ? PacketField.PacketMark : PacketField.ConnectionMark, mask, 0), [ValueRange.Of(value)], negated);
        else
            Unknown($"--mark {text}");
    }

    private void Range(string option, bool negated, string text)
    {
        var field = (option == "--src-range", six) switch
        {
            (true, false) => PacketField.Source4,
            (true, true) => PacketField.Source6,
            (false, false) => PacketField.Destination4,
            _ => PacketField.Destination6,
        };
        if (text.Split('-') is [var first, var last] && FieldNames.Read(field, first) is { } from && FieldNames.Read(field, last) is { } to && from.First <= to.Last)
            Match(new FieldRead(field), [new ValueRange(from.First, to.Last)], negated);
        else
            Unknown($"{option} {text}");
    }

    private void Flags(bool negated, string mask, string set)
    {
        if (Bits(mask) is { } asked && Bits(set) is { } wanted)
            Match(new FieldRead(PacketField.TcpFlags, asked, 0) { OnlyProtocol = FieldValues.Tcp }, [ValueRange.Of(wanted)], negated);
        else
            Unknown($"--tcp-flags {mask} {set}");
    }

    private static UInt128? Bits(string flags)
    {
        if (flags == "NONE")
            return 0;
        UInt128 bits = 0;
        foreach (var flag in flags.Split(','))
        {
            if (FieldNames.Read(PacketField.TcpFlags, flag.ToLowerInvariant()) is not { Name: null } value)
                return null;
            bits |= value.First;
        }

        return bits;
    }

    private static (uint Value, uint Mask)? Masked(string text)
    {
        var parts = text.Split('/');
        return parts.Length <= 2 && FieldNames.Number(parts[0]) is { } value && value <= uint.MaxValue
            && (parts.Length == 1 ? uint.MaxValue : FieldNames.Number(parts[1])) is { } mask && mask <= uint.MaxValue
                ? ((uint)value, (uint)mask)
                : null;
    }

    private void Target(string target, bool isGoto)
    {
        Statement? statement = target switch
        {
            "ACCEPT" => Verdict(VerdictKind.Accept),
            "DROP" => Verdict(VerdictKind.Drop),
            "REJECT" => Verdict(VerdictKind.Reject),
            "RETURN" => Verdict(VerdictKind.Return),
            "QUEUE" or "NFQUEUE" => Verdict(VerdictKind.Queue),
            "LOG" or "NFLOG" or "ULOG" or "TRACE" or "AUDIT" or "CHECKSUM" or "TCPMSS" or "CLASSIFY" or "DSCP" or "TOS" or "TTL" or "HL" or "" => null,
            "MARK" => SetMark(PacketField.PacketMark),
            "CONNMARK" => words.Contains("--restore-mark") ? new MarkStatement(PacketField.PacketMark, null, 0) : SetMark(PacketField.ConnectionMark),
            "NOTRACK" => new UntrackStatement(),
            "CT" => words.Contains("--notrack") ? new UntrackStatement() : null,
            "DNAT" => Translate(Option("--to-destination")),
            "REDIRECT" => Redirect(Option("--to-ports")),
            "SNAT" or "MASQUERADE" => new SourceTranslateStatement($"-j {target}"),
            _ => isChain(target)
                ? new VerdictStatement(new RuleVerdict(isGoto ? VerdictKind.Goto : VerdictKind.Jump, target))
                : new UnknownStatement($"-j {target} {string.Join(' ', words.Skip(_next))}", MayDecide: true),
        };
        if (statement is not null)
            _statements.Add(statement);
        _next = words.Count; // what follows belongs to the target
        for (var index = 0; index + 1 < words.Count; index++)
        {
            if (words[index] == "--comment")
                _comment ??= words[index + 1];
        }
    }

    private string? Option(string name) => words.IndexOf(name) is var at && at >= 0 && at + 1 < words.Count ? words[at + 1] : null;

    private static VerdictStatement Verdict(VerdictKind kind) => new(new RuleVerdict(kind));

    private MarkStatement SetMark(PacketField field)
        => (Option("--set-xmark") ?? Option("--set-mark")) is { } text && Masked(text) is var (value, mask)
            ? new MarkStatement(field, ~mask, value)
            : new MarkStatement(field, null, 0);

    private TranslateStatement Translate(string? goal)
    {
        var translate = new TranslateStatement($"-j DNAT --to-destination {goal}") { OnlyFamily = six ? FieldValues.Ipv6 : FieldValues.Ipv4 };
        if (goal is not null && IPAddress.TryParse(goal, out var address) && !goal.StartsWith('['))
            return translate with { Address = address };
        return goal is not null && IPEndPoint.TryParse(goal, out var end) && end.Port > 0
            ? translate with { Address = end.Address, Port = end.Port }
            : translate with { IsVague = true };
    }

    private static TranslateStatement Redirect(string? ports)
    {
        var redirect = new TranslateStatement($"-j REDIRECT --to-ports {ports}") { ToSelf = true };
        if (ports is null)
            return redirect;
        return int.TryParse(ports, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535
            ? redirect with { Port = port }
            : redirect with { IsVague = true };
    }
}
