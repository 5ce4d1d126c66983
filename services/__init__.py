"""CryoWatch's services. Each package below runs as ``python -m services.<name>``.

============================ =========================================== ==========================================
service                      reads                                       writes
============================ =========================================== ==========================================
intake                       MLLP, HTTP FHIR                             hl7v2-inbound, fhir-inbound
report_normalizer            hl7v2-inbound, fhir-inbound, adjudications  clinical-facts, dead-letters
telemetry_reducer            procedure-telemetry                         clinical-facts, dead-letters
procedure_joiner             clinical-facts                              procedure-records, adverse-events
window_timer                 the charts that are due                     procedure-records, adverse-events
complication_metrics         rate contributions                          Prometheus gauges
fhir_gateway                 adverse events                              FHIR AdverseEvent over HTTP
desk                         dead letters, events, reviews, the trail    replays, adjudications, audit-events
============================ =========================================== ==========================================

``clinical`` is the pure core, ``contracts`` reads ``schemas/``, ``runtime`` is the shell around Kafka and PostgreSQL,
``charts`` keeps facts and what is published from them, ``casework`` is what people do with dead letters and events,
``audit`` the trail that it leaves, ``command`` the ``cryowatch`` command.
"""
