namespace Entrepot.Ports.Allocation.Factors;

/// <summary>Factor 2: the range of RFC 6335 §6. A port that clients are configured with belongs into the User Ports; a Dynamic Port is
/// never assigned, so it identifies nothing; a System Port promises a standard service.</summary>
internal sealed class RangeClassFactor : PortFactorRule
{
    private static readonly byte[] Scores = Table(static port => port switch
    {
        <= 1023 => 77,
        <= 49151 => Best,
        _ => 153,
    });

    public override PortFactor Factor => PortFactor.RangeClass;

    public override ReadOnlySpan<byte> Score(FactorContext context, int first, Span<byte> scratch) => Slice(Scores, first, scratch);

    public override string Say(FactorContext context, int port) => port switch
    {
        <= 1023 => "System Port",
        <= 49151 => "User Port",
        _ => "Dynamic Port",
    };
}
