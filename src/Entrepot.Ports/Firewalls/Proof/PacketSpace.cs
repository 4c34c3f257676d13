using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Ports.Firewalls.Proof;

/// <summary>Which bits a packet is made of. What concerns all ports alike comes before the port, and who sends comes after it, so that
/// neither is repeated more often than it differs.</summary>
internal sealed class PacketSpace
{
    /// <summary>About 200 MiB.</summary>
    private const int MostNodes = 1 << 23;

    private const int StateBits = 3;
    private const int InterfaceBits = 8;

    private static readonly ImmutableArray<ConnectionState> States =
        [ConnectionState.New, ConnectionState.Established, ConnectionState.Related, ConnectionState.Invalid, ConnectionState.Untracked];

    private static readonly ImmutableArray<string> Beginnings = ["eth", "wan", "net", "dev", "other", "none"];

    private readonly ImmutableArray<string> _interfaces;
    private readonly ImmutableArray<ValueRange> _patterns;
    private readonly HostView _host;

    /// <summary>A space in which the interfaces that rules name can be told apart.</summary>
    public PacketSpace(IEnumerable<string> interfaces, HostView host)
    {
        _host = host;
        var names = interfaces.ToHashSet(StringComparer.Ordinal);
        _patterns = [.. names.Select(ValueRange.Named)];
        // One interface for each name and for each beginning of names, and one that nobody names.
        var atoms = new SortedSet<string>(names.Select(name => name.EndsWith('*') ? Unnamed(name[..^1], names) : name), StringComparer.Ordinal);
        var other = Beginnings.Select(beginning => Unnamed(beginning, names))
            .First(name => !names.Any(pattern => pattern.EndsWith('*') && pattern.Length > 1 && ValueRange.Named(pattern).Holds(name)));
        atoms.ExceptWith(["lo", other]);
        _interfaces = ["lo", other, .. atoms.Take((1 << InterfaceBits) - 2)];
        IsWhole = atoms.Count <= (1 << InterfaceBits) - 2;
        HasPorts = Protocols(33, FieldValues.Tcp, FieldValues.Udp, FieldValues.Sctp, 136);
        HasNoPorts = Diagram.Not(HasPorts);
        Universe = Diagram.And(
            Diagram.And(EachOf(Layout.State, StateBits, States.Length), EachOf(Layout.Interface, InterfaceBits, _interfaces.Length)),
            Diagram.And(Diagram.Or(Family(six: false), Family(six: true)), Destinations()));
    }

    public DecisionDiagram Diagram { get; } = new(MostNodes);

    /// <summary>False when more interfaces are named than can be told apart.</summary>
    public bool IsWhole { get; }

    /// <summary>Every packet to this host.</summary>
    public int Universe { get; }

    /// <summary>Packets whose transport has ports.</summary>
    public int HasPorts { get; }

    /// <summary>The others.</summary>
    public int HasNoPorts { get; }

    public int Family(bool six) => Diagram.Make(Layout.Family, six ? DecisionDiagram.Empty : DecisionDiagram.Everything, six ? DecisionDiagram.Everything : DecisionDiagram.Empty);

    public int Protocols(params ReadOnlySpan<byte> protocols)
    {
        var all = DecisionDiagram.Empty;
        foreach (var protocol in protocols)
            all = Diagram.Or(all, Bits(Layout.Protocol, 8, ValueRange.Of(protocol), UInt128.MaxValue, 0));
        return all;
    }

    public int State(ConnectionState state) => Value(Layout.State, StateBits, States.IndexOf(state));

    public int AnyState(Func<ConnectionState, bool> wanted)
        => States.Where(wanted).Aggregate(DecisionDiagram.Empty, (all, state) => Diagram.Or(all, State(state)));

    public int Interface(Func<string, bool> wanted)
    {
        var all = DecisionDiagram.Empty;
        for (var index = 0; index < _interfaces.Length; index++)
        {
            if (wanted(_interfaces[index]))
                all = Diagram.Or(all, Value(Layout.Interface, InterfaceBits, index));
        }

        return all;
    }

    public int Loopback => Interface(static name => name == "lo");

    public int Ports(PortProtocol protocol, int first, int last)
        => Diagram.And(Protocols(Situation.Number(protocol)), Bits(Layout.DestinationPort, 16, new ValueRange((UInt128)first, (UInt128)last), UInt128.MaxValue, 0));

    public int Source(IPNetwork network)
    {
        var six = network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6;
        return Diagram.And(Family(six), Bits(Layout.Source, six ? 128 : 32, FieldNames.Range(network), UInt128.MaxValue, 0));
    }

    public int Mac(MacAddress mac)
        => Diagram.Minus(Bits(Layout.Mac, 48, ValueRange.Of((UInt128)mac.Value), UInt128.MaxValue, 0), Loopback);

    public int Destination(IPNetwork network)
    {
        var six = network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6;
        return Diagram.And(Family(six), Bits(Layout.Destination, six ? 128 : 32, FieldNames.Range(network), UInt128.MaxValue, 0));
    }

    public int Destination(IPAddress address)
    {
        var six = address.AddressFamily == AddressFamily.InterNetworkV6;
        return Diagram.And(Family(six), Bits(Layout.Destination, six ? 128 : 32, ValueRange.Of(FieldNames.Bits(address)), UInt128.MaxValue, 0));
    }

    /// <summary>Packets in which <c>(value &amp; mask) ^ flip</c> lies in a range, for the bits of a field.</summary>
    public int Bits(int first, int width, ValueRange range, UInt128 mask, UInt128 flip)
    {
        var most = width == 128 ? UInt128.MaxValue : (UInt128.One << width) - 1;
        if (range.First > most || range.Name is not null)
            return DecisionDiagram.Empty;
        var (low, high) = (range.First, UInt128.Min(range.Last, most));
        // From the last bit up: at least low, at most high, and between both.
        var (atLeast, atMost, between) = (DecisionDiagram.Everything, DecisionDiagram.Everything, DecisionDiagram.Everything);
        for (var bit = 0; bit < width; bit++)
        {
            var place = UInt128.One << bit;
            var (lowOne, highOne) = ((low & place) != 0, (high & place) != 0);
            var level = first + width - 1 - bit;
            var (fixedBit, flipped) = ((mask & place) == 0, (flip & place) != 0);
            int Ask(int zero, int one) => fixedBit ? flipped ? one : zero : flipped ? Diagram.Make(level, one, zero) : Diagram.Make(level, zero, one);
            between = (lowOne, highOne) switch
            {
                (false, false) => Ask(between, DecisionDiagram.Empty),
                (true, true) => Ask(DecisionDiagram.Empty, between),
                (false, true) => Ask(atLeast, atMost),
                _ => DecisionDiagram.Empty,
            };
            atLeast = lowOne ? Ask(DecisionDiagram.Empty, atLeast) : Ask(atLeast, DecisionDiagram.Everything);
            atMost = highOne ? Ask(DecisionDiagram.Everything, atMost) : Ask(atMost, DecisionDiagram.Empty);
        }

        return between;
    }

    /// <summary>True when a packet is in a set.</summary>
    public bool Contains(int set, Packet packet)
    {
        var bits = ToBits(packet);
        while (Diagram.BitOf(set) < Layout.End)
            set = Diagram.Branch(set, bits[Diagram.BitOf(set)]);
        return set == DecisionDiagram.Everything;
    }

    /// <summary>A packet of the set, as usual a one as there is.</summary>
    public Packet? Example(int set)
    {
        if (set == DecisionDiagram.Empty)
            return null;
        foreach (var usual in Usual())
            set = Diagram.And(set, usual) is var narrower && narrower != DecisionDiagram.Empty ? narrower : set;
        var bits = new bool[Layout.End];
        for (var node = set; node != DecisionDiagram.Everything;)
        {
            var one = Diagram.Branch(node, one: false) == DecisionDiagram.Empty;
            bits[Diagram.BitOf(node)] = one;
            node = Diagram.Branch(node, one);
        }

        return ToPacket(bits);
    }

    private bool[] ToBits(Packet packet)
    {
        var bits = new bool[Layout.End];
        void Write(int first, int width, UInt128 value)
        {
            for (var index = 0; index < width; index++)
                bits[first + index] = ((value >> (width - 1 - index)) & 1) != 0;
        }

        var width = packet.IsIpv6 ? 128 : 32;
        Write(Layout.Protocol, 8, packet.IcmpType is null ? Situation.Number(packet.Protocol) : packet.IsIpv6 ? FieldValues.Icmp6 : FieldValues.Icmp);
        Write(Layout.DestinationPort, 16, (UInt128)packet.DestinationPort);
        bits[Layout.Family] = packet.IsIpv6;
        Write(Layout.Interface, InterfaceBits, (UInt128)IndexOf(packet.Interface));
        Write(Layout.State, StateBits, (UInt128)States.IndexOf(packet.State));
        Write(Layout.IcmpType, 8, packet.IcmpType ?? 0);
        Write(Layout.ConnectionMark, 32, packet.ConnectionMark);
        Write(Layout.Source, width, FieldNames.Bits(packet.Source));
        Write(Layout.Mac, 48, (UInt128)(packet.SourceMac?.Value ?? 0));
        Write(Layout.Destination, width, FieldNames.Bits(packet.Destination));
        Write(Layout.SourcePort, 16, (UInt128)packet.SourcePort);
        Write(Layout.TcpFlags, 8, packet.TcpFlags);
        return bits;
    }

    /// <summary>The interface that the rules can't tell from the named one.</summary>
    private int IndexOf(string name)
        => _interfaces.IndexOf(name) is var known && known >= 0
            ? known
            : Enumerable.Range(1, _interfaces.Length - 1).First(index => _patterns.All(pattern => pattern.Holds(_interfaces[index]) == pattern.Holds(name)));

    private Packet ToPacket(bool[] bits)
    {
        UInt128 Read(int first, int width)
        {
            UInt128 value = 0;
            for (var index = 0; index < width; index++)
                value = (value << 1) | (bits[first + index] ? 1u : 0u);
            return value;
        }

        var six = bits[Layout.Family];
        var family = six ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        var width = six ? 128 : 32;
        var protocol = (int)Read(Layout.Protocol, 8);
        var name = _interfaces[Math.Min((int)Read(Layout.Interface, InterfaceBits), _interfaces.Length - 1)];
        return new Packet(
            protocol switch { FieldValues.Udp => PortProtocol.Udp, FieldValues.Sctp => PortProtocol.Sctp, _ => PortProtocol.Tcp },
            Address(family, Read(Layout.Source, width)), Address(family, Read(Layout.Destination, width)),
            (int)Read(Layout.SourcePort, 16), (int)Read(Layout.DestinationPort, 16))
        {
            IcmpType = protocol == (six ? FieldValues.Icmp6 : FieldValues.Icmp) ? (byte)Read(Layout.IcmpType, 8) : null,
            State = States[Math.Min((int)Read(Layout.State, StateBits), States.Length - 1)],
            Interface = name,
            SourceMac = name == "lo" ? null : new MacAddress((long)Read(Layout.Mac, 48)),
            ConnectionMark = (uint)Read(Layout.ConnectionMark, 32),
            TcpFlags = (byte)Read(Layout.TcpFlags, 8),
        };
    }

    /// <summary>From the most to the least welcome in an example.</summary>
    private IEnumerable<int> Usual()
    {
        yield return State(ConnectionState.New);
        yield return Bits(Layout.TcpFlags, 8, ValueRange.Of(2), UInt128.MaxValue, 0);
        yield return Bits(Layout.ConnectionMark, 32, ValueRange.Of(0), UInt128.MaxValue, 0);
        yield return Interface(name => name == _interfaces[1]);
        yield return Diagram.Not(Loopback);
        yield return Family(six: false);
        yield return Bits(Layout.SourcePort, 16, ValueRange.Of(40000), UInt128.MaxValue, 0);
        // Addresses and numbers for documentation (RFC 5737, 3849, 7042), else such as are in use.
        yield return Diagram.Or(Source(IPNetwork.Parse("198.51.100.7/32")), Source(IPNetwork.Parse("2001:db8::7/128")));
        yield return Diagram.Or(Source(IPNetwork.Parse("10.0.0.0/8")), Source(IPNetwork.Parse("2000::/3")));
        yield return Bits(Layout.Mac, 48, ValueRange.Of(0x00005e005301), UInt128.MaxValue, 0);
        foreach (var address in _host.Addresses)
            yield return Destination(address);
        yield return Diagram.Or(Destination(IPAddress.Parse("192.0.2.1")), Destination(IPAddress.Parse("2001:db8::1")));
    }

    private int Destinations()
    {
        if (_host.Addresses.IsEmpty)
            return DecisionDiagram.Everything;
        var own = _host.Addresses.Aggregate(DecisionDiagram.Empty, (all, address) => Diagram.Or(all, Destination(address)));
        // Packets to other addresses are not for this host, by whichever interface they come.
        return Diagram.Or(own, Diagram.And(Loopback, Diagram.Or(Destination(IPNetwork.Parse("127.0.0.0/8")), Destination(IPAddress.IPv6Loopback))));
    }

    private int Value(int first, int width, int value) => Bits(first, width, ValueRange.Of((UInt128)value), UInt128.MaxValue, 0);

    private int EachOf(int first, int width, int count) => Bits(first, width, new ValueRange(0, (UInt128)count - 1), UInt128.MaxValue, 0);

    private static string Unnamed(string beginning, HashSet<string> names)
    {
        for (var number = 0; ; number++)
        {
            var name = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{beginning}{number}");
            if (!names.Contains(name))
                return name;
        }
    }

    private static IPAddress Address(AddressFamily family, UInt128 bits)
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, bits);
        return new IPAddress(family == AddressFamily.InterNetwork ? bytes[12..] : bytes);
    }

    /// <summary>The first bit of each field.</summary>
    internal static class Layout
    {
        public const int Protocol = 0;
        public const int Family = Protocol + 8;
        public const int State = Family + 1;
        public const int Interface = State + StateBits;
        public const int ConnectionMark = Interface + InterfaceBits;
        public const int DestinationPort = ConnectionMark + 32;
        public const int IcmpType = DestinationPort + 16;
        public const int Source = IcmpType + 8;
        public const int Mac = Source + 128;
        public const int Destination = Mac + 48;
        public const int SourcePort = Destination + 128;
        public const int TcpFlags = SourcePort + 16;
        public const int End = TcpFlags + 8;
    }
}
