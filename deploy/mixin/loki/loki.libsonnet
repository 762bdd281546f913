// Rules for Loki's ruler, over the records themselves.
{
  lokiRules+:: { groups+: [] },
}
